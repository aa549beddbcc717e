import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { buildApp, buildMountedApp } from './app.js'
import { Publisher } from './channel/publisher.js'
import { RollCall } from './channel/roll-call.js'
import { Subscriber } from './channel/subscriber.js'
import type { Config } from './config.js'
import type { Registry } from './handlers/registry.js'
import type { Logger } from './process/log.js'
import { ActivityReporter } from './queue/activity.js'
import { PlainQueue } from './queue/plain-queue.js'
import { Connections, type ConnectionsOptions } from './redis/connections.js'
import { Durability } from './redis/durability.js'
import { redisFailure } from './redis/errors.js'
import { announceWeaknesses } from './redis/weaknesses.js'
import { DueSchedules } from './schedules/due-schedules.js'
import { Scheduler } from './schedules/scheduler.js'
import { Schedules } from './schedules/schedules.js'
import { Live } from './web/live/live.js'
import { watchRefusal } from './web/redis-refusal.js'
import { TaskBoard } from './web/task-board.js'

/** What the web side needs of the settings. */
export type WebConfig = Config & { redisUrl: string }

// How long the first request may be kept waiting for a Redis that is there; without one the page comes up too.
const firstConnectionMs = 1000

// A schedule that was changed in another web process is seen after so long at the latest.
const scheduleIdleMs = 5000

/** Everything that is behind the page and the HTTP API: in the web process, and in another's application. */
export class WebSide {
  readonly #config: WebConfig
  readonly #log: Logger
  readonly #redis: Connections
  readonly #parts: ReturnType<typeof assemble>

  /** Begins to connect to Redis. */
  constructor(config: WebConfig, { log, fatal }: ConnectionsOptions) {
    this.#config = config
    this.#log = log
    this.#redis = new Connections(config.redisUrl, { log, fatal })
    this.#parts = assemble(config, this.#redis, log)
  }

  /** The web application with a server of its own. Its close comes before {@link stop}. */
  buildApp(handlers: Registry): Promise<FastifyInstance> {
    return buildApp(this.#appOptions(handlers))
  }

  /** The same for another's server, under the path `base`. */
  buildMountedApp(handlers: Registry, base: string): Promise<FastifyInstance> {
    return buildMountedApp({ ...this.#appOptions(handlers), base })
  }

  /** Begins to look, to listen and to enqueue what is scheduled; waits a second at most for Redis. */
  async start(): Promise<void> {
    this.#parts.live.start()
    this.#parts.scheduler.start()
    await this.#redis.ready(firstConnectionMs)
  }

  /** Says, once Redis answers, which of its settings weaken what is promised. */
  async announceWeaknesses(): Promise<void> {
    await announceWeaknesses(this.#redis, this.#log)
  }

  /** Ends all event streams, which would otherwise keep a server from closing. */
  closeStreams(): void {
    this.#parts.live.closeStreams()
  }

  /** Ends all that was started, and every connection. Safe when never started, and twice. */
  async stop(): Promise<void> {
    const { live, scheduler, pushed } = this.#parts
    await live.stop()
    await scheduler.stop()
    await pushed.stop()
    this.#redis.close()
  }

  #appOptions(handlers: Registry) {
    const log: FastifyBaseLogger = this.#log
    const ping = () => this.#redis.ping().catch(redisFailure(''))
    return { ...this.#config, ...this.#parts, handlers, log, ping }
  }
}

function assemble(config: WebConfig, redis: Connections, log: Logger) {
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
