import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { withScripts } from './scripts.js'
import { TurnBatches } from './turn-batches.js'

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

interface Push {
  values: string[]
  ifExists: boolean
}

/** Pushes, and characters of their values, in one script call: it blocks Redis for a few milliseconds at most. */
const perCall = { items: 500, size: 1024 ** 2 }

/**
 * The prodcons lane: a Redis list of raw values, without envelope, that any Redis client can join on either
 * side. Pushing is LPUSH; whoever pops a value has the only copy.
 */
export class PlainQueue {
  readonly key: string
  readonly maxLength: number
  readonly #redis: RedisClient
  readonly #batches = new TurnBatches((pushes: Push[]) => this.#send(pushes), charactersIn, perCall)

  constructor(redis: RedisClient, { key, maxLength }: PlainQueueOptions) {
    this.#redis = withScripts(redis)
    this.key = key
    this.maxLength = maxLength
  }

  /**
   * Pushes up to {@link maxValuesPerPush} values, all or none, the first one first. One round trip, which those have in
   * common that are made in one turn of the event loop.
   *
   * @param ifExists LPUSHX: only if the list exists
   * @throws {WrongTypeError} the key is not a list
   * @throws {RedisUnavailableError} and then the values may have been pushed or not
   */
  push(values: string[], { ifExists = false } = {}): Promise<PushResult> {
    return this.#batches.call({ values, ifExists })
  }

  /**
   * How many values are waiting. One round trip, O(1).
   *
   * @throws {WrongTypeError | RedisUnavailableError}
   */
  async length(): Promise<number> {
    return this.#redis.llen(this.key).catch(redisFailure(this.key))
  }

  async #send(pushes: Push[]): Promise<PushResult[]> {
    const args = [String(this.maxLength), String(pushes.length)]
    for (const { values, ifExists } of pushes) args.push(String(ifExists ? -values.length : values.length))
    for (const { values } of pushes) args.push(...values)
    const answers = await this.#redis.push(this.key, ...args).catch(redisFailure(this.key))
    return pushes.map((_, index) => ({
      length: answers[2 * index] as number,
      outcome: answers[2 * index + 1] as PushResult['outcome'],
    }))
  }
}

const charactersIn = ({ values }: Push): number => values.reduce((sum, { length }) => sum + length, 0)
