import type { RedisClient, RedisConnection } from '../redis/client.js'
import { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import { BlockingReads } from '../redis/blocking-reads.js'
import { redisFailure } from '../redis/errors.js'
import { heldKey, taskKeys } from './names.js'
import { withScripts } from './scripts.js'

export interface HeldReaderOptions {
  key: string
  /** `lifo` takes the newest, as producers LPUSH; `fifo` the oldest. */
  order: 'lifo' | 'fifo'
  /** Unique to this process. */
  consumer: string
  log: Logger
}

/** How a value's work ended: done, failed (it goes to the back of the queue), or not begun or finished (to the front). */
export type ValueOutcome = 'done' | 'failed' | 'abandoned'

const blockMs = 3000
const leaseMs = 8000
const beatEveryMs = 2000
const recoverBatch = 1000

/**
 * The consuming side of a plain queue, at least once: a value is moved into this consumer's held list (BLMOVE) and stays
 * there until its work is done. What a dead consumer held goes back to the queue.
 */
export class HeldReader {
  readonly #redis: RedisClient
  readonly #reads: BlockingReads
  readonly #options: HeldReaderOptions
  readonly #held: string
  readonly #beating: Duty
  /** By what it reads as, for a value may be any bytes. */
  readonly #inHand = new Map<string, Buffer[]>()
  #isKnown = false
  #suspects = new Map<string, number>()

  constructor(blocking: RedisConnection, commands: RedisClient, options: HeldReaderOptions) {
    this.#redis = withScripts(commands)
    this.#reads = new BlockingReads(blocking, commands, { blockMs, log: options.log })
    this.#options = options
    this.#held = heldKey(options.key, options.consumer)
    this.#beating = new Duty(
      () => this.#beat(),
      () => undefined,
    )
  }

  /**
   * Waits for a value. While Redis is away it waits on.
   *
   * @returns null when none came for a while, or the reader was released
   * @throws {WrongTypeError | RedisUnavailableError}
   */
  async take(): Promise<string | null> {
    await this.#becomeKnown()
    const { key } = this.#options
    const value = await this.#reads
      .read((redis) => redis.blmoveBuffer(key, this.#held, this.#front as 'LEFT', 'LEFT', blockMs / 1000))
      .catch(redisFailure(key))
    if (value === null) return null
    const text = value.toString()
    this.#inHand.set(text, [...(this.#inHand.get(text) ?? []), value])
    return text
  }

  /** Records how a value's work ended. What cannot be recorded now stays held, and is done again. */
  async settle(text: string, outcome: ValueOutcome): Promise<void> {
    const { key, consumer, log } = this.#options
    const [value = '', ...others] = this.#inHand.get(text) ?? []
    if (others.length > 0) this.#inHand.set(text, others)
    else this.#inHand.delete(text)
    try {
      if (outcome === 'done') await this.#redis.lrem(this.#held, 1, value)
      else
        await this.#redis.returnValue(key, consumer, value, outcome === 'failed' ? this.#back : this.#front)
    } catch (error) {
      log.warn(
        { reason: (error as Error).message },
        'cannot record an outcome: the value will be given again',
      )
    }
  }

  /** Takes nothing more. Safe to call twice. */
  release(): Promise<void> {
    return this.#reads.release()
  }

  /** Ends the lease. To be called when nothing is in hand any more; what is held nevertheless goes back in time. */
  async stop(): Promise<void> {
    await this.#beating.stop()
    const { key } = this.#options
    const isEmpty = (await this.#redis.llen(this.#held).catch(() => 1)) === 0
    // What is held nevertheless is found when the lease has ended.
    if (isEmpty)
      await this.#redis.zrem(taskKeys(key).consumers, this.#options.consumer).catch(() => undefined)
  }

  // Before anything is held: what a consumer holds that nobody knows of would never be given back.
  async #becomeKnown(): Promise<void> {
    if (this.#isKnown) return
    const { key, consumer } = this.#options
    await this.#redis.heartbeat(key, consumer, leaseMs).catch(redisFailure(key))
    this.#isKnown = true
    this.#beating.start()
  }

  get #front(): 'LEFT' | 'RIGHT' {
    return this.#options.order === 'lifo' ? 'LEFT' : 'RIGHT'
  }

  get #back(): 'LEFT' | 'RIGHT' {
    return this.#options.order === 'lifo' ? 'RIGHT' : 'LEFT'
  }

  async #beat(): Promise<number> {
    const { key, consumer, log } = this.#options
    const [, , , dead] = await this.#redis.heartbeat(key, consumer, leaseMs)
    if (dead > 0) {
      const values = await this.#redis.recoverValues(key, this.#front, recoverBatch)
      if (values > 0) log.warn({ values }, 'gave back the values of a dead consumer')
    }
    await this.#giveBackUnseen()
    return beatEveryMs
  }

  // An answer can be lost after the command took effect: what is held and was never seen here, on two looks, goes back.
  async #giveBackUnseen(): Promise<void> {
    const { key, consumer } = this.#options
    const unknown = countOf(await this.#redis.lrangeBuffer(this.#held, 0, -1))
    for (const [bytes, count] of countOf([...this.#inHand.values()].flat())) {
      unknown.set(bytes, (unknown.get(bytes) ?? 0) - count)
    }
    for (const [bytes, count] of unknown) {
      const unseen = Math.min(count, this.#suspects.get(bytes) ?? 0)
      for (let each = 0; each < unseen; each += 1) {
        await this.#redis.returnValue(key, consumer, Buffer.from(bytes, 'latin1'), this.#front)
      }
    }
    this.#suspects = unknown
  }
}

/** How often each value is there, by its bytes, one character each. */
function countOf(values: Buffer[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const value of values) {
    const bytes = value.toString('latin1')
    counts.set(bytes, (counts.get(bytes) ?? 0) + 1)
  }
  return counts
}
