import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { type AppOptions, buildApp } from '../../src/app.js'
import { Publisher } from '../../src/channel/publisher.js'
import { RollCall } from '../../src/channel/roll-call.js'
import { Subscriber } from '../../src/channel/subscriber.js'
import { ActivityReporter } from '../../src/queue/activity.js'
import { packageRoot } from '../../src/process/package-root.js'
import { PlainQueue } from '../../src/queue/plain-queue.js'
import { Connections } from '../../src/redis/connections.js'
import { Durability } from '../../src/redis/durability.js'
import { redisFailure } from '../../src/redis/errors.js'
import { loadHandlers } from '../../src/handlers/registry.js'
import { Schedules } from '../../src/schedules/schedules.js'
import { Live } from '../../src/web/live/live.js'
import { watchRefusal } from '../../src/web/redis-refusal.js'
import { TaskBoard } from '../../src/web/task-board.js'
import { recordingLog } from './log.js'

export const queueKey = 'task:prodcons:queue'
export const channelName = 'task:pubsub:channel'

function fail(error: Error): never {
  throw error
}

const retention = { resultTtlMs: 60_000, deadMax: 1000, deadTtlMs: 60_000 }

export interface GivenApp extends Partial<AppOptions> {
  redisUrl: string
  maxLength?: number
}

/** The real web application on a real Redis, ready for supertest (`request(app.server)`); closed after the test. */
export async function givenApp({
  redisUrl,
  maxLength = 0,
  ...overrides
}: GivenApp): Promise<FastifyInstance> {
  const { log } = recordingLog()
  const redis = new Connections(redisUrl, { log, fatal: fail })
  const queue = new PlainQueue(redis.commands, { key: queueKey, maxLength })
  const publisher = new Publisher(redis.commands, channelName)
  const pushed = new ActivityReporter(redis.commands, { action: 'pushed', queue: queueKey, by: 'web' })
  const redisRefusal = watchRefusal(redis.commands)
  const subscriber = new Subscriber(redis.waiting(), log)
  const board = new TaskBoard(redis.commands, { maxLength, maxBytes: 0, onceMs: 60_000, ...retention })
  const workers = () => board.workers()
  const queues = (atMost: number) => board.allSummaries(atMost)
  const live = new Live({ queue, publisher, subscriber, queues, workers, log, redisRefusal })
  const app = await buildApp({
    log,
    queue,
    publisher,
    rollCall: new RollCall(redis.commands, publisher),
    pushed,
    live,
    redisRefusal,
    board,
    durability: new Durability(redis),
    schedules: new Schedules(redis.commands),
    handlers: await loadHandlers(join(packageRoot, 'workers/tasks')),
    resultTtlMs: retention.resultTtlMs,
    ping: () => redis.ping().catch(redisFailure('')),
    order: 'lifo',
    bodyLimit: 256 * 1024,
    shutdownGraceMs: 1000,
    allowAnonymous: false,
    ...overrides,
  })
  await redis.ready(1000)
  live.start()
  await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(async () => {
    await app.close()
    await live.stop()
    await pushed.stop()
    redis.close()
  })
  return app
}
