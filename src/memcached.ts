import { protocolVersion } from './memcached/client.js'
import { MemcachedServer } from './memcached/server.js'
import { queueStats } from './memcached/stats.js'
import { packageVersion } from './process/package-root.js'
import { runService, type Service, type ServiceContext } from './process/service.js'
import { SharedConsumers } from './queue/shared-consumers.js'
import { ValueQueues } from './queue/value-queues.js'
import { Connections } from './redis/connections.js'

// How long the first client may be kept waiting for a Redis that is there; without one it is told so.
const firstConnectionMs = 1000

// The queue server for memcached clients; it has nothing to do while MEMCACHED_PORT is unset.
runService('memcached', (context) => {
  const { memcachedPort: port } = context.config
  return port === undefined ? idle(context) : serve(context, port)
})

function idle({ log }: ServiceContext): Service {
  const staying = setInterval(() => undefined, 2 ** 31 - 1)
  return {
    async start() {
      log.info('idle: set MEMCACHED_PORT to serve memcached clients')
    },
    async stop() {
      clearInterval(staying)
    },
  }
}

function serve(context: ServiceContext, port: number): Service {
  const { config, log } = context
  const redis = new Connections(config.redisUrl, context)
  const consumers = new SharedConsumers(redis.commands, { name: config.workerName, retention: config, log })
  const server = new MemcachedServer({
    values: new ValueQueues(redis.commands, config),
    consumers,
    stats: async ({ now, total }) => [
      ['pid', process.pid],
      ['uptime', Math.floor(process.uptime())],
      ['time', Math.floor(Date.now() / 1000)],
      ['version', protocolVersion],
      ['servery_version', packageVersion],
      ['curr_connections', now],
      ['total_connections', total],
      ...(await queueStats(redis.commands)),
    ],
    leaseMs: config.memcachedLeaseMs,
    token: config.authToken,
    graceMs: config.shutdownGraceMs,
    log,
  })

  return {
    async start() {
      await redis.ready(firstConnectionMs)
      const { address, port: given } = await server.listen(port, config.host)
      log.info({ host: address, port: given }, 'serving memcached clients')
    },
    async stop() {
      await server.stop()
      redis.close()
    },
  }
}
