import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'

/** How far a write must have come before it is answered: on the disk of Redis, or on a replica. */
export type DurabilityLevel = 'fsync' | 'replica'

/** The server cannot say when a write is on disk. */
export class DurabilityUnknownError extends Error {
  override name = 'DurabilityUnknownError'
  readonly code = 'DURABILITY_UNKNOWN'
}

const patienceMs = 1500
const markKey = 'task:durability'

/**
 * Waits until everything written so far is durable. A write is replicated and logged in the order in which Redis took
 * it, so it is enough to wait, on a connection of its own, for a mark that is written after it: nobody else is held up.
 */
export class Durability {
  readonly #redis: Redis

  /** @param redis a connection for waiting, used for this alone */
  constructor(redis: Redis) {
    this.#redis = redis
  }

  /**
   * @returns whether it was reached within 1.5 s
   * @throws {DurabilityUnknownError} fsync is asked of a Redis before 7.2 that does not write through
   */
  async reached(level: DurabilityLevel): Promise<boolean> {
    const reached = level === 'fsync' ? this.#onDisk() : this.#onReplica()
    return Promise.race([reached, sleep(patienceMs + 300, false, { ref: false })])
  }

  async #onReplica(): Promise<boolean> {
    const [, acknowledged] = await this.#afterMark('WAIT', 1, patienceMs)
    return Number(acknowledged) >= 1
  }

  async #onDisk(): Promise<boolean> {
    try {
      const [, acknowledged] = await this.#afterMark('WAITAOF', 1, 0, patienceMs)
      return Number((acknowledged as unknown[])[0]) >= 1
    } catch (error) {
      if (await this.#writesThrough()) return true
      const message =
        'expected Redis 7.2 or newer with appendonly yes, or appendfsync always, for durability=fsync'
      throw new DurabilityUnknownError(message, { cause: error })
    }
  }

  async #afterMark(command: string, ...args: number[]): Promise<unknown[]> {
    const replies = await this.#redis
      .pipeline()
      .set(markKey, '1', 'PX', 10_000)
      .call(command, ...args.map(String))
      .exec()
    return (replies ?? []).map(([error, reply]) => {
      if (error) throw error
      return reply
    })
  }

  async #writesThrough(): Promise<boolean> {
    const pairs = await this.#redis.config('GET', 'append*').catch(() => [])
    const text = JSON.stringify(pairs)
    return /"appendonly"[,:]"yes"/.test(text) && /"appendfsync"[,:]"always"/.test(text)
  }
}
