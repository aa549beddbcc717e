import { pino } from 'pino'
import { toHandler } from '../handlers/registry.js'
import type { Task } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { Connections } from '../redis/connections.js'
import { TaskWorker } from '../worker/task-worker.js'

export interface WorkerOptions {
  /** As `REDIS_URL`: one server, a Cluster, Sentinels. */
  redisUrl: string
  /** Handlers by name: what `task({ … })` returns. */
  tasks: Record<string, Task>
  /** Queues to take from; `default` unless given. */
  queues?: string[]
  /** Tasks at a time; 10 unless given. */
  concurrency?: number
  /** Shown to people. */
  name?: string
  /** Time for running handlers when stopping, in ms; 25 s unless given. */
  graceMs?: number
  /** How long records of finished tasks are kept, in ms; a day unless given. */
  resultTtlMs?: number
  /** A pino logger; silent unless given. */
  log?: Logger
  /** Told when a handler ran past its timeout and did not heed its signal. The process should end; unless given, it does. */
  onStuck?: (error: Error) => void
}

const dayMs = 86_400_000

/**
 * Runs handlers in another Node program, with all that `workers/tasks.ts` promises.
 *
 * @example
 * const worker = new Worker({ redisUrl, tasks: { echo: task({ input, run: ({ message }) => message }) } })
 * await worker.start()
 * process.once('SIGTERM', () => worker.stop())
 */
export class Worker {
  readonly #redis: Connections
  readonly #worker: TaskWorker

  /** @throws {TypeError} naming the handler and the setting that is wrong */
  constructor(options: WorkerOptions) {
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
      handlers: new Map(Object.entries(options.tasks).map(([key, task]) => [key, toHandler(key, task)])),
      concurrency,
      name,
      retention: { resultTtlMs, deadMax: 100_000, deadTtlMs: 30 * dayMs },
      graceMs,
      rawHandlers: new Map(),
      settings: { dataDir: process.cwd(), fetchAllow: [] },
      log,
      onStuck,
    })
  }

  /** Begins to take tasks, once Redis answers. */
  async start(): Promise<void> {
    await this.#redis.ready(Infinity)
    this.#worker.start()
  }

  /** Takes nothing more, finishes what is running within `graceMs`, gives back the rest. Safe to call twice. */
  async stop(): Promise<void> {
    await this.#worker.stop()
    this.#redis.close()
  }
}

function endProcess(error: Error): never {
  console.error(error.message)
  process.exit(1)
}
