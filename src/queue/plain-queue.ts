import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { withScripts } from './scripts.js'

/** How a push ended; `length` is the queue's afterwards. */
export interface PushResult {
  outcome: 'pushed' | 'absent' | 'full'
  length: number
}

export interface PlainQueueOptions {
  /** The list's key. */
  key: string
  /** Most values it may hold; 0 is no limit. */
  maxLength: number
}

/** Most values one push takes. */
export const maxValuesPerPush = 10_000

/**
 * The prodcons lane: a Redis list of raw values, without envelope, that any Redis client can join on either
 * side. Pushing is LPUSH; whoever pops a value has the only copy.
 */
export class PlainQueue {
  readonly key: string
  readonly maxLength: number
  readonly #redis: RedisClient

  constructor(redis: RedisClient, { key, maxLength }: PlainQueueOptions) {
    this.#redis = withScripts(redis)
    this.key = key
    this.maxLength = maxLength
  }

  /**
   * Pushes up to {@link maxValuesPerPush} values, all or none, the first one first. One round trip.
   *
   * @param ifExists LPUSHX: only if the list exists
   * @throws {WrongTypeError} the key is not a list
   * @throws {RedisUnavailableError} and then the values may have been pushed or not
   */
  async push(values: string[], { ifExists = false } = {}): Promise<PushResult> {
    const [outcome, length] = await this.#redis
      .push(this.key, String(this.maxLength), ifExists ? '1' : '0', ...values)
      .catch(redisFailure(this.key))
    return { outcome: outcome as PushResult['outcome'], length }
  }

  /**
   * How many values are waiting. One round trip, O(1).
   *
   * @throws {WrongTypeError | RedisUnavailableError}
   */
  async length(): Promise<number> {
    return this.#redis.llen(this.key).catch(redisFailure(this.key))
  }
}
