import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { batchesOf } from './batches.js'
import { encodeTask, type TaskOptions, valueSeparator } from './envelope.js'
import { queuesKey, taskList } from './names.js'
import { withScripts } from './scripts.js'
import { newTaskId, type Priority, publicId } from './task-id.js'
import { TurnBatches } from './turn-batches.js'

/** A task to be enqueued, its data already JSON text. */
export interface NewTask {
  name: string
  data: string
  options?: TaskOptions
  priority?: Priority
  /** Due so many ms from now, by Redis' clock… */
  delayMs?: number
  /** …or at this time, ms since 1970. */
  at?: number
}

/** What became of it; `enqueuedAt` is by Redis' clock. */
export type Enqueued =
  | { outcome: 'accepted'; id: string; state: 'waiting' | 'scheduled'; enqueuedAt: number }
  | { outcome: 'full'; length: number }

/** An idempotency key, and a fingerprint of the request that came with it. */
export interface OnceKey {
  key: string
  fingerprint: string
}

/** What became of a task with an idempotency key: as the first time, `repeated`; or the key was used for another request. */
export type EnqueuedOnce = (Enqueued & { isRepeated: boolean }) | { outcome: 'conflict' }

/** How much a queue may hold. */
export interface QueueLimits {
  /** Most tasks that may wait or be delayed; 0 is no limit. */
  maxLength: number
  /** Most bytes that unfinished tasks may hold; 0 is no limit. */
  maxBytes: number
}

export interface TaskQueueOptions extends QueueLimits {
  /** How long idempotency keys are remembered, in ms; a day unless given. */
  onceMs?: number
}

/** Tasks, and characters of their data, in one script call: it blocks Redis for a few milliseconds at most. */
const perCall = { items: 500, size: 1024 ** 2 }
const dayMs = 86_400_000
const maxPurged = 1000
const registerEveryMs = 60_000

/** The producing side of a task queue. */
export class TaskQueue {
  readonly list: string
  readonly #redis: RedisClient
  readonly #batches = new TurnBatches((tasks: NewTask[]) => this.#sendEach(tasks), sizeOf, perCall)
  /** ms since 1970 by this machine's clock. */
  #registeredAt = -Infinity

  constructor(
    redis: RedisClient,
    readonly name: string,
    private readonly options: TaskQueueOptions,
  ) {
    this.#redis = withScripts(redis)
    this.list = taskList(name)
  }

  /**
   * Enqueues a task. Calls made in one turn of the event loop go to Redis in one round trip.
   *
   * @throws {RedisUnavailableError} and then the task may have been taken or not
   */
  enqueue(task: NewTask): Promise<Enqueued> {
    return this.#batches.call(task)
  }

  /**
   * Enqueues many tasks, as many in a script call as {@link perCall} says; the answers are in their order. When the queue
   * is full, the first of each script call that fit are taken.
   *
   * @throws {RedisUnavailableError} and then any of them may have been taken or not
   */
  async enqueueMany(tasks: NewTask[]): Promise<Enqueued[]> {
    const batches = [...batchesOf(tasks, sizeOf, perCall)]
    return (await Promise.all(batches.map((batch) => this.#send(batch)))).flat()
  }

  /**
   * Enqueues a task unless its key was used before: then the answer is that of the first time, or `conflict` if it was
   * another request. One round trip; safe to repeat.
   *
   * @throws {RedisUnavailableError}
   */
  async enqueueOnce(task: NewTask, { key, fingerprint }: OnceKey): Promise<EnqueuedOnce> {
    const once = [key, fingerprint, this.options.onceMs ?? dayMs]
    const { ids, reply } = this.#call([task], once)
    const [accepted, now, length, seen] = await reply
    if (seen === '')
      return {
        ...this.#answer(task, ids[0] as string, { accepted: accepted > 0, now, length }),
        isRepeated: false,
      }
    const [seenFingerprint, enqueuedAt, id = ''] = seen.split('\t')
    if (seenFingerprint !== fingerprint) return { outcome: 'conflict' }
    return {
      ...this.#answer(task, id, { accepted: true, now: Number(enqueuedAt), length }),
      isRepeated: true,
    }
  }

  /** Takes nothing more out of the queue until {@link resume}. */
  async pause(): Promise<void> {
    await this.#redis.pauseQueue(this.list).catch(redisFailure(this.list))
  }

  /** Ends a pause and wakes an idle worker. */
  async resume(): Promise<void> {
    await this.#redis.resumeQueue(this.list).catch(redisFailure(this.list))
  }

  /** Cancels a task by its own id: removed if it waits, aborted by its worker if it is active. One round trip. */
  async cancel(id: string, recordMs: number): Promise<'removed' | 'active' | 'finished' | 'unknown'> {
    const outcome = await this.#redis.cancelTask(this.list, id, recordMs).catch(redisFailure(this.list))
    return outcome as 'removed' | 'active' | 'finished' | 'unknown'
  }

  /** Lets a dead or cancelled task wait again, its failed attempts forgotten. One round trip. */
  async revive(id: string): Promise<'waiting' | 'unfinished' | 'unknown'> {
    const outcome = await this.#redis.reviveTask(this.list, id).catch(redisFailure(this.list))
    return outcome as 'waiting' | 'unfinished' | 'unknown'
  }

  /** Lets a delayed task wait at once. One round trip. */
  async runNow(id: string): Promise<'waiting' | 'undelayed' | 'unknown'> {
    const outcome = await this.#redis.runTaskNow(this.list, id).catch(redisFailure(this.list))
    return outcome as 'waiting' | 'undelayed' | 'unknown'
  }

  /** Removes all tasks of a state, {@link maxPurged} in a round trip; how many there were. */
  async purge(state: 'waiting' | 'delayed' | 'dead'): Promise<number> {
    for (let total = 0; ;) {
      const [removed, looked] = await this.#redis
        .purgeTasks(this.list, state, maxPurged)
        .catch(redisFailure(this.list))
      total += removed
      if (looked < maxPurged) return total
    }
  }

  // Calls that have nothing to do with each other: what a large task leaves room for is not refused because of it.
  async #sendEach(tasks: NewTask[]): Promise<Enqueued[]> {
    const enqueued = await this.#send(tasks)
    const refused = enqueued.findIndex(({ outcome }) => outcome === 'full')
    if (this.options.maxBytes === 0 || refused < 0) return enqueued
    const others = await Promise.all(tasks.slice(refused + 1).map((task) => this.#send([task])))
    return [...enqueued.slice(0, refused + 1), ...others.flat()]
  }

  async #send(tasks: NewTask[]): Promise<Enqueued[]> {
    const { ids, reply } = this.#call(tasks, ['', '', 0])
    const [accepted, now, length] = await reply
    return tasks.map((task, index) =>
      this.#answer(task, ids[index] as string, { accepted: index < accepted, now, length }),
    )
  }

  // However many they are, three strings: what each has in an argument of its own costs the driver more than all else.
  #call(tasks: NewTask[], once: (string | number)[]) {
    this.#register()
    const madeAt = Date.now()
    const ids = tasks.map(({ priority }) => newTaskId(priority, madeAt))
    const dues = tasks.some((task) => dueOf(task) !== '') ? tasks.map(dueOf).join(',') : ''
    const values = tasks.map(encodeTask).join(valueSeparator)
    const { maxLength, maxBytes } = this.options
    const reply = this.#redis
      .enqueueTasks(this.list, maxLength, maxBytes, ...once, madeAt, ids.join(''), dues, values)
      .catch(redisFailure(this.list))
    return { ids, reply }
  }

  #answer(task: NewTask, id: string, said: { accepted: boolean; now: number; length: number }): Enqueued {
    if (!said.accepted) return { outcome: 'full', length: said.length }
    const state = isDelayed(task, said.now) ? 'scheduled' : 'waiting'
    return { outcome: 'accepted', id: publicId(this.name, id), state, enqueuedAt: said.now }
  }

  // A queue exists from its first task on; again now and then, for Redis may have lost it.
  #register(): void {
    const now = Date.now()
    if (Math.abs(now - this.#registeredAt) < registerEveryMs) return
    this.#registeredAt = now
    this.#redis.sadd(queuesKey, this.name).catch(() => (this.#registeredAt = -Infinity))
  }
}

const sizeOf = ({ data }: NewTask): number => data.length

function dueOf({ delayMs, at }: NewTask): string {
  if (at !== undefined) return String(at)
  return delayMs ? `+${delayMs}` : ''
}

function isDelayed({ delayMs = 0, at = 0 }: NewTask, nowMs: number): boolean {
  return delayMs > 0 || at > nowMs
}
