import { pino } from 'pino'
import { type EnqueueSettings, settingsToTask } from '../handlers/intake.js'
import { parsePublicId } from '../queue/task-id.js'
import { TaskInspector } from '../queue/task-inspector.js'
import { TaskQueue as Queue } from '../queue/task-queue.js'
import type { TaskRecord } from '../queue/task-record.js'
import { Connections } from '../redis/connections.js'
import { maxSchedules, Schedules } from '../schedules/schedules.js'
import { checkTiming, type TimingRequest } from '../schedules/timing.js'
import { century } from '../units.js'
import { QueueFullError, TooManySchedulesError } from './errors.js'
import { checkName, checkRedisUrl, checkWhole } from './options.js'
import { type ScheduleInfo, type TaskToSchedule, toInfo, toScheduled } from './schedules.js'

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
  readonly #schedules: Schedules
  readonly #resultTtlMs: number
  readonly #ready: Promise<boolean>

  /** @throws {TypeError} naming the option that is wrong */
  constructor({ redisUrl, name = 'default', maxLength = 0, resultTtlMs = dayMs }: TaskQueueOptions) {
    checkRedisUrl(redisUrl)
    checkName('name', name)
    checkWhole('maxLength', maxLength, [0, Number.MAX_SAFE_INTEGER])
    checkWhole('resultTtlMs', resultTtlMs, [0, century.ms])
    this.#redis = new Connections(redisUrl, { log: pino({ enabled: false }), fatal: rethrow })
    this.#queue = new Queue(this.#redis.commands, name, { maxLength, maxBytes: 0, onceMs: dayMs })
    this.#inspector = new TaskInspector(this.#redis.commands, name)
    this.#schedules = new Schedules(this.#redis.commands)
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

  /**
   * Creates or changes a schedule, which enqueues a task of this queue again and again, once for each due time however
   * many processes live. Any worker, the library's too, sees to it, within a few seconds from now on. Names are shared by
   * all queues.
   *
   * @param timing `{ every: '10s' }`, or `{ cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' }`, UTC unless given
   * @throws {BadScheduleError} {BadTaskError} naming the field
   * @throws {TooManySchedulesError}
   * @throws {RedisUnavailableError} and then it may be changed or not
   */
  async schedule(
    name: string,
    timing: TimingRequest,
    task: TaskToSchedule,
  ): Promise<'created' | 'changed' | 'unchanged'> {
    checkName('name', name)
    const [checked, scheduled] = [checkTiming(timing), toScheduled(this.#queue.name, task)]
    await this.#ready
    const outcome = await this.#schedules.put(name, checked, scheduled)
    if (outcome === 'full') throw new TooManySchedulesError(maxSchedules)
    return outcome
  }

  /** This queue's schedules, by name. One round trip, O(all queues' schedules). */
  async schedules(): Promise<ScheduleInfo[]> {
    await this.#ready
    return (await this.#schedules.all()).filter(({ queue }) => queue === this.#queue.name).map(toInfo)
  }

  /** Ends a schedule of this queue; false if there is none. What it has enqueued stays. Three round trips. */
  async unschedule(name: string): Promise<boolean> {
    await this.#ready
    const found = await this.#schedules.find(name)
    return found?.queue === this.#queue.name && this.#schedules.remove(name)
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
