import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../process/log.js'
import type { RedisClient, RedisConnection } from './client.js'
import { peerOf } from './servers.js'

/** How much later than asked Redis may answer a blocked read before the connection counts as dead. */
const overdueMs = 5000
const unblockEveryMs = 50
const watchEveryMs = 1000

/** The longest that one read of a {@link BlockingReads} may be asked to block. */
export interface BlockingReadsOptions {
  blockMs: number
  log: Logger
}

/**
 * One blocked read at a time, on a connection of its own.
 *
 * What a BLPOP has popped exists nowhere else, so a read is never abandoned while its connection lives: Redis would
 * hand the value to nobody. To end one, {@link release} asks Redis to (CLIENT UNBLOCK); the read then returns nothing,
 * or the value that came first.
 */
export class BlockingReads {
  readonly #blocking: RedisConnection
  readonly #control: RedisClient
  readonly #options: BlockingReadsOptions
  #clientId: number | undefined
  #reading: Promise<unknown> | undefined
  #giveUp = () => {}
  #released = false

  /**
   * @param blocking a connection for waiting, used for this alone; {@link release} closes it
   * @param control leads to the same server, for CLIENT UNBLOCK
   */
  constructor(blocking: RedisConnection, control: RedisClient, options: BlockingReadsOptions) {
    this.#blocking = blocking
    this.#control = control
    this.#options = options
    // Asked during the handshake: after it, the question would queue up behind a re-sent blocked read.
    blocking.on('connect', () => this.#learnClientId())
  }

  /**
   * Sends one blocking command and waits for its answer; while Redis is away it waits on.
   *
   * @returns the answer; null when nothing came, or the reads were released
   * @throws what the driver throws when Redis answers with an error
   */
  async read<T>(send: (redis: RedisConnection) => Promise<T | null>): Promise<T | null> {
    if (this.#released) return null
    const reply = this.#reply(send)
    this.#reading = reply.catch(() => undefined)
    const watchdog = this.#watch()
    try {
      return await reply
    } catch (error) {
      if (this.#released) return null
      throw error
    } finally {
      clearInterval(watchdog)
      this.#reading = undefined
    }
  }

  /** Ends a blocked read without losing a value, then closes the connection. Safe to call twice. */
  async release(): Promise<void> {
    this.#released = true
    while (this.#reading && this.#blocking.status === 'ready') {
      await this.#unblock()
      // Again and again: UNBLOCK may have overtaken the read on its way to the server.
      await Promise.race([this.#reading, sleep(unblockEveryMs)])
    }
    // Either nothing is blocked, or there is no connection on which it could be.
    this.#blocking.disconnect()
    this.#giveUp()
  }

  /** Closes the connection and makes another; a read that was under way is sent again. */
  reconnect(): void {
    this.#blocking.disconnect(true)
  }

  async #unblock(): Promise<void> {
    if (!this.#clientId) return
    await peerOf(this.#blocking, this.#control)
      ?.client('UNBLOCK', this.#clientId)
      .catch(() => undefined)
  }

  // ioredis never settles a command that waits for a connection when it is told to connect no more.
  #reply<T>(send: (redis: RedisConnection) => Promise<T | null>): Promise<T | null> {
    return new Promise((resolve, reject) => {
      this.#giveUp = () => resolve(null)
      send(this.#blocking).then(resolve, reject)
    })
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
      readyForMs = this.#blocking.status === 'ready' ? readyForMs + watchEveryMs : 0
      if (readyForMs < patienceMs) return
      this.#options.log.warn({ silentMs: readyForMs }, 'a read is overdue, connecting anew')
      readyForMs = 0
      this.reconnect()
    }, watchEveryMs)
  }
}
