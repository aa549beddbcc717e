import { buildApp } from './app.js'
import { Publisher } from './channel/publisher.js'
import { Subscriber } from './channel/subscriber.js'
import { runService, type ServiceContext } from './process/service.js'
import { ActivityReporter } from './queue/activity.js'
import { PlainQueue } from './queue/plain-queue.js'
import { Connections } from './redis/connections.js'
import { redisFailure } from './redis/errors.js'
import { Live } from './web/live/live.js'

// How long the first request may be kept waiting for a Redis that is there; without one the page comes up too.
const firstConnectionMs = 1000

// The web process.
runService('web', (context) => {
  const { config, log } = context
  const redis = new Connections(config.redisUrl, context)
  const parts = assemble(context, redis)
  const building = buildApp({
    ...config,
    ...parts,
    log,
    ping: () => redis.commands.ping().catch(redisFailure('')),
  })

  return {
    async start() {
      const app = await building
      parts.live.start()
      await redis.ready(firstConnectionMs)
      await app.listen({
        port: config.port,
        host: config.host,
        listenTextResolver: (address) => `the page is at ${address}`,
      })
    },
    async stop() {
      await (await building).close()
      await parts.live.stop()
      await parts.pushed.stop()
      redis.close()
    },
  }
})

function assemble({ config, log }: ServiceContext, redis: Connections) {
  const queue = new PlainQueue(redis.commands, { key: config.queue, maxLength: config.maxLength })
  const publisher = new Publisher(redis.commands, config.channel)
  const pushed = new ActivityReporter(redis.commands, { action: 'pushed', queue: config.queue, by: 'web' })
  const live = new Live({ queue, publisher, subscriber: new Subscriber(redis.waiting(), log), log })
  return { queue, publisher, pushed, live }
}
