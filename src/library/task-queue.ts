import { pino } from 'pino'
import { type EnqueueSettings, settingsToTask } from '../handlers/intake.js'
import { parsePublicId } from '../queue/task-id.js'
import { TaskInspector } from '../queue/task-inspector.js'
import { TaskQueue as Queue } from '../queue/task-queue.js'
import type { TaskRecord } from '../queue/task-record.js'
import { Connections } from '../redis/connections.js'
import { QueueFullError } from './errors.js'

export interface TaskQueueOptions {
  /** As `REDIS_URL`: one server, a Cluster, Sentinels. */
  redisUrl: string
  /** The queue's name; `default` unless given. */
  name?: string
  /** Most tasks that may wait or be delayed; no limit unless given. */
  maxLength?: number
  /** How long the record of a cancelled task is kept, in ms; a day unless given. */
  resultTtlMs?: number
}

const dayMs = 86_400_000

/**
 * A task queue for another Node program: the same queue that the web process fills and the workers empty.
 *
 * @example
 * const queue = new TaskQueue({ redisUrl: 'redis://127.0.0.1:6379' })
 * const { id } = await queue.enqueue('echo', { message: 'hello' }, { delay: '10s' })
 * await queue.close()
 */
export class TaskQueue {
  readonly #redis: Connections
  readonly #queue: Queue
  readonly #inspector: TaskInspector
  readonly #resultTtlMs: number
  readonly #ready: Promise<boolean>

  constructor({ redisUrl, name = 'default', maxLength = 0, resultTtlMs = dayMs }: TaskQueueOptions) {
    this.#redis = new Connections(redisUrl, { log: pino({ enabled: false }), fatal: rethrow })
    this.#queue = new Queue(this.#redis.commands, name, { maxLength, maxBytes: 0, onceMs: dayMs })
    this.#inspector = new TaskInspector(this.#redis.commands, name)
    this.#resultTtlMs = resultTtlMs
    this.#ready = this.#redis.ready(firstConnectionMs)
  }

  /**
   * Enqueues one task. Calls made in one turn of the event loop share a round trip.
   *
   * @param data the handler's input, as JSON
   * @returns its id and state; `enqueuedAt` in ms since 1970 by Redis' clock
   * @throws {QueueFullError}
   * @throws {RedisUnavailableError} and then the task may have been taken or not
   */
  async enqueue(task: string, data: unknown, settings: EnqueueSettings = {}) {
    await this.#ready
    const enqueued = await this.#queue.enqueue(settingsToTask(task, data, settings))
    if (enqueued.outcome === 'full') throw new QueueFullError(this.#queue.name, enqueued.length)
    const { id, state, enqueuedAt } = enqueued
    return { id, state, enqueuedAt }
  }

  /** Enqueues many tasks of one kind, some hundred in a round trip. @throws as {@link enqueue} */
  async enqueueMany(task: string, inputs: unknown[], settings: EnqueueSettings = {}): Promise<string[]> {
    await this.#ready
    const tasks = inputs.map((data) => settingsToTask(task, data, settings))
    const enqueued = await this.#queue.enqueueMany(tasks)
    return enqueued.map((each) => {
      if (each.outcome === 'full') throw new QueueFullError(this.#queue.name, each.length)
      return each.id
    })
  }

  /** A task's record; undefined if there is none, or it has expired. One round trip. */
  async find(id: string): Promise<TaskRecord | undefined> {
    const parsed = parsePublicId(id)
    if (parsed?.queue !== this.#queue.name) return undefined
    await this.#ready
    return this.#inspector.find(parsed.id)
  }

  /** Cancels a task: removed if it waits, aborted by its worker if it is active. */
  async cancel(id: string): Promise<'removed' | 'active' | 'finished' | 'unknown'> {
    const parsed = parsePublicId(id)
    if (parsed?.queue !== this.#queue.name) return 'unknown'
    await this.#ready
    return this.#queue.cancel(parsed.id, this.#resultTtlMs)
  }

  /** Lengths and counters. One round trip. */
  async counts() {
    await this.#ready
    return this.#inspector.counts()
  }

  /** Closes the connection. What was enqueued stays. */
  close(): void {
    this.#redis.close()
  }
}

const firstConnectionMs = 2000

function rethrow(error: Error): never {
  throw error
}
