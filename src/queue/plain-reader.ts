import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Logger } from '../process/log.js'
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
/** How much later than asked Redis may answer a blocked read before the connection counts as dead. */
const overdueMs = 5000
const unblockEveryMs = 50

/**
 * The consuming side of a plain queue: one blocked read at a time, on a connection of its own.
 *
 * A popped value exists nowhere else, so a read is never abandoned while its connection lives: Redis would
 * hand the value to nobody. To end one, {@link release} asks Redis to (CLIENT UNBLOCK); the read then
 * returns nothing, or the value that came first.
 */
export class PlainReader {
  readonly #blocking: Redis
  readonly #control: Redis
  readonly #options: Required<PlainReaderOptions>
  #clientId: number | undefined
  #reading: Promise<unknown> | undefined
  #released = false

  /**
   * @param blocking a connection for waiting, used by this reader alone; {@link release} closes it
   * @param control a connection to the same server, for CLIENT UNBLOCK
   */
  constructor(blocking: Redis, control: Redis, options: PlainReaderOptions) {
    this.#blocking = blocking
    this.#control = control
    this.#options = { blockMs: defaultBlockMs, ...options }
    // Asked during the handshake: after it, the question would queue up behind a re-sent blocked read.
    blocking.on('connect', () => this.#learnClientId())
  }

  /**
   * Waits for a value. While Redis is away it waits on.
   *
   * @returns null when nothing came within `blockMs`, or the reader was released
   * @throws {WrongTypeError | RedisUnavailableError} Redis answered with an error
   */
  async take(): Promise<string | null> {
    if (this.#released) return null
    const reply = this.#pop()
    this.#reading = reply.catch(() => undefined)
    const watchdog = this.#watch()
    try {
      return (await reply)?.[1] ?? null
    } catch (error) {
      if (this.#released) return null
      return redisFailure(this.#options.key)(error)
    } finally {
      clearInterval(watchdog)
      this.#reading = undefined
    }
  }

  /** Ends a blocked read without losing a value, then closes the connection. Safe to call twice. */
  async release(): Promise<void> {
    this.#released = true
    while (this.#reading && this.#blocking.status === 'ready') {
      if (this.#clientId) await this.#control.client('UNBLOCK', this.#clientId).catch(() => undefined)
      // Again and again: UNBLOCK may have overtaken the read on its way to the server.
      await Promise.race([this.#reading, sleep(unblockEveryMs)])
    }
    // Either nothing is blocked, or there is no connection on which it could be.
    this.#blocking.disconnect()
  }

  #pop(): Promise<[string, string] | null> {
    const { key, order, blockMs } = this.#options
    const seconds = blockMs / 1000
    return order === 'fifo' ? this.#blocking.brpop(key, seconds) : this.#blocking.blpop(key, seconds)
  }

  #learnClientId(): void {
    this.#clientId = undefined
    this.#blocking.client('ID').then(
      (id) => (this.#clientId = id),
      () => undefined,
    )
  }

  // A server that vanished without a word leaves a connection that never answers and never closes.
  #watch(): NodeJS.Timeout {
    const patienceMs = this.#options.blockMs + overdueMs
    let readyForMs = 0
    return setInterval(() => {
      readyForMs = this.#blocking.status === 'ready' ? readyForMs + 1000 : 0
      if (readyForMs < patienceMs) return
      this.#options.log.warn({ silentMs: readyForMs }, 'a read is overdue, connecting anew')
      readyForMs = 0
      this.#blocking.disconnect(true)
    }, 1000)
  }
}
