import { resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.js'
import { Publisher } from './channel/publisher.js'
import { RollCall } from './channel/roll-call.js'
import { Subscriber } from './channel/subscriber.js'
import { loadHandlers } from './handlers/registry.js'
import { packageRoot } from './process/package-root.js'
import { runService, type ServiceContext } from './process/service.js'
import { ActivityReporter } from './queue/activity.js'
import { PlainQueue } from './queue/plain-queue.js'
import { Connections } from './redis/connections.js'
import { Durability } from './redis/durability.js'
import { redisFailure } from './redis/errors.js'
import { DueSchedules } from './schedules/due-schedules.js'
import { Scheduler } from './schedules/scheduler.js'
import { Schedules } from './schedules/schedules.js'
import { announceWeaknesses } from './redis/weaknesses.js'
import { Live } from './web/live/live.js'
import { watchRefusal } from './web/redis-refusal.js'
import { TaskBoard } from './web/task-board.js'

// How long the first request may be kept waiting for a Redis that is there; without one the page comes up too.
const firstConnectionMs = 1000

// A schedule that was changed in another web process is seen after so long at the latest.
const scheduleIdleMs = 5000

// The web process.
runService('web', (context) => {
  const { config } = context
  const redis = new Connections(config.redisUrl, context)
  const parts = assemble(context, redis)
  const building = build(context, redis, parts)

  return {
    async start() {
      const app = await building
      parts.live.start()
      parts.scheduler.start()
      await redis.ready(firstConnectionMs)
      await app.listen({
        port: config.port,
        host: config.host,
        listenTextResolver: (address) => `the page is at ${address}`,
      })
      void announceWeaknesses(redis, context.log)
    },
    async stop() {
      await (await building).close()
      await parts.live.stop()
      await parts.scheduler.stop()
      await parts.pushed.stop()
      redis.close()
    },
  }
})

type Parts = ReturnType<typeof assemble>

function assemble({ config, log }: ServiceContext, redis: Connections) {
  const queue = new PlainQueue(redis.commands, { key: config.queue, maxLength: config.maxLength })
  const publisher = new Publisher(redis.commands, config.channel)
  const rollCall = new RollCall(redis.commands, publisher)
  const pushed = new ActivityReporter(redis.commands, { action: 'pushed', queue: config.queue, by: 'web' })
  const redisRefusal = watchRefusal(redis.commands)
  const subscriber = new Subscriber(redis.waiting(), log)
  const board = new TaskBoard(redis.commands, config)
  const workers = () => board.workers()
  const queues = (atMost: number) => board.allSummaries(atMost)
  const live = new Live({ queue, publisher, subscriber, queues, workers, log, redisRefusal })
  const schedules = new Schedules(redis.commands)
  const due = new DueSchedules(redis.commands, config)
  const scheduler = new Scheduler({ due, log, idleMs: scheduleIdleMs })
  schedules.onChange(() => scheduler.wake())
  const durability = new Durability(redis)
  return { durability, queue, publisher, rollCall, pushed, redisRefusal, live, board, schedules, scheduler }
}

async function build(
  { config, log }: ServiceContext,
  redis: Connections,
  parts: Parts,
): Promise<FastifyInstance> {
  const handlers = await loadHandlers(resolve(packageRoot, config.tasksDir))
  const ping = () => redis.ping().catch(redisFailure(''))
  return buildApp({ ...config, ...parts, handlers, log, ping })
}
