import type { RedisClient, RedisConnection } from '../redis/client.js'
import type { Logger } from '../process/log.js'
import { BlockingReads } from '../redis/blocking-reads.js'
import { redisFailure } from '../redis/errors.js'

export interface PlainReaderOptions {
  key: string
  /** `lifo` takes with BLPOP (newest first, as producers LPUSH), `fifo` with BRPOP. */
  order: 'lifo' | 'fifo'
  log: Logger
  /** How long one read blocks. A lost connection can swallow a value for at most so long. */
  blockMs?: number
}

const defaultBlockMs = 5000

/** The consuming side of a plain queue: one blocked read at a time. */
export class PlainReader {
  readonly #reads: BlockingReads
  readonly #options: Required<PlainReaderOptions>

  /**
   * @param blocking a connection for waiting, used by this reader alone; {@link release} closes it
   * @param control leads to the same server, for CLIENT UNBLOCK
   */
  constructor(blocking: RedisConnection, control: RedisClient, options: PlainReaderOptions) {
    this.#options = { blockMs: defaultBlockMs, ...options }
    this.#reads = new BlockingReads(blocking, control, this.#options)
  }

  /**
   * Waits for a value. While Redis is away it waits on.
   *
   * @returns null when nothing came within `blockMs`, or the reader was released
   * @throws {WrongTypeError | RedisUnavailableError} Redis answered with an error
   */
  async take(): Promise<string | null> {
    const { key, order, blockMs } = this.#options
    const seconds = blockMs / 1000
    const popped = await this.#reads
      .read((redis) => (order === 'fifo' ? redis.brpop(key, seconds) : redis.blpop(key, seconds)))
      .catch(redisFailure(key))
    return popped?.[1] ?? null
  }

  /** Ends a blocked read without losing a value, then closes the connection. Safe to call twice. */
  release(): Promise<void> {
    return this.#reads.release()
  }
}
