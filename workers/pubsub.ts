import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJob } from '../src/channel/job.js'
import { dispatchChannel } from '../src/channel/names.js'
import { Presence } from '../src/channel/presence.js'
import { Reports } from '../src/channel/reports.js'
import { listenerId, Roll } from '../src/channel/roll.js'
import { Subscriber } from '../src/channel/subscriber.js'
import { loadHandlers } from '../src/handlers/registry.js'
import { packageRoot } from '../src/process/package-root.js'
import { runService, type ServiceContext } from '../src/process/service.js'
import { newSeed } from '../src/queue/task-id.js'
import { Connections } from '../src/redis/connections.js'
import { JobRunner } from '../src/worker/job-runner.js'
import { valueLine } from '../src/worker/print.js'

/** Time for the last results when stopping: Redis may be away. */
const reportsPatienceMs = 500

// Subscribes to the pubsub lane, and to the channel of its own name: prints each message it gets, runs the job that it is,
// and publishes how that ended.
runService('pubsub', (context) => {
  const { config, log } = context
  const { channel, workerName: worker } = config
  const redis = new Connections(config.redisUrl, context)
  const subscriber = new Subscriber(redis.waiting(), log)
  const self = { id: listenerId(worker, newSeed()), name: worker }
  const presence = new Presence(new Roll(redis.commands, channel), self, log)
  const reports = new Reports(redis.commands, self)
  let jobs: JobRunner | undefined

  return {
    async start() {
      const runner = await createRunner(context, reports)
      jobs = runner
      const isListening = await subscriber.subscribe([channel, dispatchChannel(worker)], (from, message) => {
        process.stdout.write(valueLine('Message get', message, { channel: from, worker }))
        runner.take(parseJob(message))
      })
      if (!isListening) return
      presence.start()
      log.info({ channel, worker }, 'listening')
    },
    async stop() {
      const left = presence.stop()
      await subscriber.stop()
      await jobs?.stop()
      await reports.drained(reportsPatienceMs)
      await Promise.race([left, sleep(reportsPatienceMs)])
      redis.close()
    },
  }
})

async function createRunner({ config, log, fatal }: ServiceContext, reports: Reports): Promise<JobRunner> {
  return new JobRunner({
    handlers: await loadHandlers(resolve(packageRoot, config.tasksDir)),
    settings: { dataDir: resolve(packageRoot, config.dataDir), fetchAllow: config.fetchAllow },
    concurrency: config.concurrency ?? 10,
    graceMs: config.shutdownGraceMs,
    log,
    onReceived: (job) => reports.received(job),
    onEnd: (job, outcome, tookMs) => reports.ended(job, outcome, tookMs),
    onStuck: (error) => void reports.drained(reportsPatienceMs).then(() => fatal(error)),
  })
}
