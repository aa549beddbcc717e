import { resolve } from 'node:path'
import { loadHandlers } from '../src/handlers/registry.js'
import { packageRoot } from '../src/process/package-root.js'
import { runService } from '../src/process/service.js'
import { Connections } from '../src/redis/connections.js'
import { TaskWorker } from '../src/worker/task-worker.js'

// Takes tasks and runs their handlers: one file each in workers/tasks/.
runService('tasks', ({ config, log, fatal }) => {
  const { queues, workerName: name, concurrency = 10, shutdownGraceMs: graceMs, redisUrl } = config
  const redis = new Connections(redisUrl, { log, fatal })
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
        concurrency,
        name,
        retention: config,
        graceMs,
        log,
        onStuck: fatal,
      })
      worker.start()
      log.info({ queues, concurrency, worker: name, handlers: [...handlers.keys()] }, 'waiting for tasks')
    },
    async stop() {
      await worker?.stop()
      redis.close()
    },
  }
})
