import type { Connections } from '../redis/connections.js'
import { redisFailure, RedisUnavailableError } from '../redis/errors.js'
import { batchesOf } from './batches.js'

/** Where and how a {@link BulkPusher} pushes. */
export interface BulkPusherOptions {
  /** The list's key. */
  key: string
  /** `left` is LPUSH, `right` RPUSH. */
  side: 'left' | 'right'
  /** LPUSHX or RPUSHX: only onto a list that exists. */
  ifExists: boolean
  /** Told after each answer how many were pushed, and the last of them. */
  onPushed?: (count: number, last: Buffer) => void
}

/** Values and their bytes in one command: it blocks Redis for a millisecond or so. */
const perCommand = { items: 1000, size: 256 * 1024 }
/** Commands on their way: enough that neither side ever waits for the other. */
const maxUnderWay = 8

/**
 * Pushes any number of raw values onto a list, in order and at full speed: many in a command, several commands on their way
 * at once. It asks nobody how long the list may get, as any Redis client's LPUSH.
 */
export class BulkPusher {
  /** How many values Redis has confirmed. */
  pushed = 0
  /** How many were not pushed, there being no such list. */
  refused = 0
  /** How many may have been pushed or not. */
  unknown = 0
  readonly #redis: Connections['commands']
  readonly #options: BulkPusherOptions
  readonly #underWay = new Set<Promise<void>>()
  readonly #failing = new AbortController()

  constructor(redis: Connections['commands'], options: BulkPusherOptions) {
    this.#redis = redis
    this.#options = options
  }

  /** Aborts, with the error as its reason, once a push has failed. */
  get failed(): AbortSignal {
    return this.#failing.signal
  }

  /**
   * Sends values off; waits while too many are under way.
   *
   * @throws {WrongTypeError} the key is not a list
   * @throws {RedisUnavailableError} and then what was under way may have been pushed or not
   */
  async push(values: Buffer[]): Promise<void> {
    for (const batch of batchesOf(values, ({ length }) => length, perCommand)) {
      while (this.#underWay.size >= maxUnderWay) await Promise.race(this.#underWay)
      if (this.failed.aborted) return this.drained()
      const sending = this.#send(batch).finally(() => this.#underWay.delete(sending))
      this.#underWay.add(sending)
    }
  }

  /** Resolves when every answer is here. @throws as {@link push} */
  async drained(): Promise<void> {
    await Promise.all(this.#underWay)
    this.failed.throwIfAborted()
  }

  async #send(batch: Buffer[]): Promise<void> {
    const { key, onPushed } = this.#options
    try {
      const length = await this.#redis[this.#command](key, ...batch).catch(redisFailure(key))
      if (length === 0) this.refused += batch.length
      else this.pushed += batch.length
      if (length > 0) onPushed?.(batch.length, batch.at(-1) as Buffer)
    } catch (error) {
      if (error instanceof RedisUnavailableError) this.unknown += batch.length
      this.#failing.abort(error)
    }
  }

  get #command() {
    const { side, ifExists } = this.#options
    if (side === 'left') return ifExists ? 'lpushx' : 'lpush'
    return ifExists ? 'rpushx' : 'rpush'
  }
}
