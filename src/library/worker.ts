import { pino } from 'pino'
import type { Task } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { Connections } from '../redis/connections.js'
import { DueSchedules } from '../schedules/due-schedules.js'
import { Scheduler } from '../schedules/scheduler.js'
import { century } from '../units.js'
import { TaskWorker } from '../worker/task-worker.js'
import { checkName, checkQueues, checkRedisUrl, checkWhole, toRegistry } from './options.js'

export interface WorkerOptions {
  /** As `REDIS_URL`: one server, a Cluster, Sentinels. */
  redisUrl: string
  /** Handlers by name: what `task({ … })` returns. */
  tasks: Record<string, Task>
  /** Queues to take from; `default` unless given. */
  queues?: string[]
  /** Tasks at a time, from 1 to 1000; 10 unless given. */
  concurrency?: number
  /** Shown to people. */
  name?: string
  /** Time for running handlers when stopping, in ms; 25 s unless given. */
  graceMs?: number
  /** How long records of finished tasks are kept, in ms; a day unless given. */
  resultTtlMs?: number
  /** Most tasks that may wait or be delayed in a queue for a schedule to add one; no limit unless given. */
  maxLength?: number
  /** A pino logger; silent unless given. */
  log?: Logger
  /** Told when a handler ran past its timeout and did not heed its signal. The process should end; unless given, it does. */
  onStuck?: (error: Error) => void
}

const dayMs = 86_400_000
// What timers of Node can wait.
const longestTimerMs = 2 ** 31 - 1
// As in workers/tasks.ts, a bit sooner: there may be no web process, which would know of a change at once.
const scheduleIdleMs = 10_000

/**
 * Runs handlers in another Node program, with all that `workers/tasks.ts` promises, and enqueues what is scheduled: no
 * other process is needed.
 *
 * @example
 * const worker = new Worker({ redisUrl, tasks: { echo: task({ input, run: ({ message }) => message }) } })
 * await worker.start()
 * process.once('SIGTERM', () => worker.stop())
 */
export class Worker {
  readonly #redis: Connections
  readonly #worker: TaskWorker
  readonly #scheduler: Scheduler

  /** @throws {TypeError} naming the option, or the handler and its setting, that is wrong */
  constructor(options: WorkerOptions) {
    checkOptions(options)
    const handlers = toRegistry(options.tasks)
    const { redisUrl, queues = ['default'], concurrency = 10, name = `worker-${process.pid}` } = options
    const {
      graceMs = 25_000,
      resultTtlMs = dayMs,
      log = pino({ enabled: false }),
      onStuck = endProcess,
    } = options
    this.#redis = new Connections(redisUrl, { log, fatal: onStuck })
    this.#worker = new TaskWorker({
      redis: this.#redis,
      redisUrl,
      queues,
      handlers,
      concurrency,
      name,
      retention: { resultTtlMs, deadMax: 100_000, deadTtlMs: 30 * dayMs },
      graceMs,
      rawHandlers: new Map(),
      settings: { dataDir: process.cwd(), fetchAllow: [] },
      log,
      onStuck,
    })
    const due = new DueSchedules(this.#redis.commands, { maxLength: options.maxLength ?? 0, maxBytes: 0 })
    this.#scheduler = new Scheduler({ due, log, idleMs: scheduleIdleMs })
  }

  /** Begins to take tasks, and to enqueue those of schedules, once Redis answers. */
  async start(): Promise<void> {
    await this.#redis.ready(Infinity)
    this.#worker.start()
    this.#scheduler.start()
  }

  /** Takes nothing more, finishes what is running within `graceMs`, gives back the rest. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#scheduler.stop()
    await this.#worker.stop()
    this.#redis.close()
  }
}

const wholeBounds = {
  graceMs: [0, longestTimerMs],
  resultTtlMs: [0, century.ms],
  maxLength: [0, Number.MAX_SAFE_INTEGER],
} satisfies Record<string, [number, number]>

function checkOptions({ redisUrl, queues, concurrency, name, ...options }: WorkerOptions): void {
  checkRedisUrl(redisUrl)
  if (queues !== undefined) checkQueues('queues', queues)
  if (concurrency !== undefined) checkWhole('concurrency', concurrency, [1, 1000])
  if (name !== undefined) checkName('name', name)
  for (const option of ['graceMs', 'resultTtlMs', 'maxLength'] as const) {
    if (options[option] !== undefined) checkWhole(option, options[option], wholeBounds[option])
  }
}

function endProcess(error: Error): never {
  console.error(error.message)
  process.exit(1)
}
