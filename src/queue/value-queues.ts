import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { encodeBytes } from './envelope.js'
import { queuesKey, taskList } from './names.js'
import { withScripts } from './scripts.js'
import { newTaskId } from './task-id.js'
import type { QueueLimits } from './task-queue.js'

/** A bare value to be enqueued: any bytes. */
export interface NewValue {
  bytes: Buffer
  /** A number that comes back with it. */
  flags: number
  /** When it is dropped if nobody has taken it: '' never, `+<ms>` so long from now, `<ms>` then, by Redis' clock. */
  expiry: string
}

const maxKnown = 10_000

/** The producing side of every task queue, for bare values. */
export class ValueQueues {
  readonly #redis: RedisClient
  readonly #registered = new Set<string>()

  constructor(
    redis: RedisClient,
    private readonly limits: QueueLimits,
  ) {
    this.#redis = withScripts(redis)
  }

  /**
   * Enqueues a value. One round trip.
   *
   * @returns whether there was room for it
   * @throws {RedisUnavailableError} and then it may have been taken or not
   */
  async enqueue(queue: string, { bytes, flags, expiry }: NewValue): Promise<boolean> {
    const { maxLength, maxBytes } = this.limits
    this.register(queue)
    const [accepted] = await this.#redis
      .enqueueValue(taskList(queue), maxLength, maxBytes, newTaskId(), expiry, encodeBytes(bytes, flags))
      .catch(redisFailure(taskList(queue)))
    return accepted === 1
  }

  /** Makes a queue known to all who look after queues or show them: once for each process. */
  register(queue: string): void {
    if (this.#registered.has(queue)) return
    if (this.#registered.size < maxKnown) this.#registered.add(queue)
    this.#redis.sadd(queuesKey, queue).catch(() => this.#registered.delete(queue))
  }
}
