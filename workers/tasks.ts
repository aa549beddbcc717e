import { resolve } from 'node:path'
import { loadHandlers } from '../src/handlers/registry.js'
import { packageRoot } from '../src/process/package-root.js'
import { runService } from '../src/process/service.js'
import { Connections } from '../src/redis/connections.js'
import { DueSchedules } from '../src/schedules/due-schedules.js'
import { Scheduler } from '../src/schedules/scheduler.js'
import { TaskWorker } from '../src/worker/task-worker.js'

// An idle worker costs Redis next to nothing; when a schedule is changed the web process that does it knows at once.
const scheduleIdleMs = 20_000

// Takes tasks and runs their handlers: one file each in workers/tasks/.
runService('tasks', ({ config, log, fatal }) => {
  const { queues, workerName: name, concurrency = 10, shutdownGraceMs: graceMs, redisUrl } = config
  const redis = new Connections(redisUrl, { log, fatal })
  const due = new DueSchedules(redis.commands, config)
  const scheduler = new Scheduler({ due, log, idleMs: scheduleIdleMs })
  let worker: TaskWorker | undefined

  return {
    async start() {
      const handlers = await loadHandlers(resolve(packageRoot, config.tasksDir))
      await redis.ready(Infinity)
      worker = new TaskWorker({
        redis,
        redisUrl,
        queues,
        handlers,
        rawHandlers: config.rawHandlers,
        settings: { dataDir: resolve(packageRoot, config.dataDir), fetchAllow: config.fetchAllow },
        concurrency,
        name,
        retention: config,
        graceMs,
        log,
        logOptions: config,
        onStuck: fatal,
      })
      worker.start()
      scheduler.start()
      log.info({ queues, concurrency, worker: name, handlers: [...handlers.keys()] }, 'waiting for tasks')
    },
    async stop() {
      await scheduler.stop()
      await worker?.stop()
      redis.close()
    },
  }
})
