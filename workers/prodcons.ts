import { setTimeout as sleep } from 'node:timers/promises'
import { runService } from '../src/process/service.js'
import { ActivityReporter } from '../src/queue/activity.js'
import { PlainReader } from '../src/queue/plain-reader.js'
import { Connections } from '../src/redis/connections.js'
import { Consumer } from '../src/worker/consumer.js'
import { valueLine } from '../src/worker/print.js'

// Consumes the prodcons lane: prints each value it gets. Put your own work into `handle`.
runService('prodcons', ({ config, log, fatal }) => {
  const { queue, order, workerName: worker, concurrency = 1, workTimeMs, shutdownGraceMs: graceMs } = config
  const redis = new Connections(config.redisUrl, { log, fatal })
  const taken = new ActivityReporter(redis.commands, { action: 'taken', queue, by: worker })

  async function handle(value: string, { signal }: { signal: AbortSignal }): Promise<void> {
    process.stdout.write(valueLine('Task get', value, { queue, worker }))
    taken.report(value)
    if (workTimeMs > 0) await sleep(workTimeMs, undefined, { signal })
    log.debug('task done')
  }

  const source = new PlainReader(redis.waiting(), redis.commands, { key: queue, order, log })
  const consumer = new Consumer({ source, handle, concurrency, graceMs, log })

  return {
    async start() {
      consumer.start()
      log.info({ queue, order, concurrency, worker }, 'waiting for values')
    },
    async stop() {
      await consumer.stop()
      await taken.stop()
      redis.close()
    },
  }
})
