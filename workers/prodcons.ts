import { setTimeout as sleep } from 'node:timers/promises'
import { runService } from '../src/process/service.js'
import { ActivityReporter } from '../src/queue/activity.js'
import { HeldReader } from '../src/queue/held-reader.js'
import { PlainQueue } from '../src/queue/plain-queue.js'
import { PlainReader } from '../src/queue/plain-reader.js'
import { newSeed } from '../src/queue/task-id.js'
import { Connections } from '../src/redis/connections.js'
import { Consumer } from '../src/worker/consumer.js'
import { valueLine } from '../src/worker/print.js'

// Consumes the prodcons lane: prints each value it gets. Put your own work into `handle`.
runService('prodcons', ({ config, log, fatal }) => {
  const { queue, order, workerName: worker, concurrency = 1, workTimeMs, shutdownGraceMs: graceMs } = config
  const redis = new Connections(config.redisUrl, { log, fatal })
  const waiting = new PlainQueue(redis.commands, { key: queue, maxLength: config.maxLength })
  const taken = new ActivityReporter(redis.commands, { action: 'taken', queue, by: worker })

  async function handle(value: string, { signal }: { signal: AbortSignal }): Promise<void> {
    taken.report(value)
    const left = await waiting.length().then(String, () => 'unknown')
    process.stdout.write(valueLine('Task get', value, { queue, worker, left }))
    if (workTimeMs > 0) await sleep(workTimeMs, undefined, { signal })
    log.debug('task done')
  }

  const reading = { key: queue, order, log, consumer: `${worker}~${newSeed()}` }
  const held =
    config.delivery === 'at-least-once' ? new HeldReader(redis.waiting(), redis.commands, reading) : undefined
  const source = held ?? new PlainReader(redis.waiting(), redis.commands, reading)
  const consumer = new Consumer({ source, handle, concurrency, graceMs, log })

  return {
    async start() {
      if (held) await redis.ready(Infinity)
      consumer.start()
      log.info({ queue, order, delivery: config.delivery, concurrency, worker }, 'waiting for values')
    },
    async stop() {
      await consumer.stop()
      await held?.stop()
      await taken.stop()
      redis.close()
    },
  }
})
