import { readFileSync } from 'node:fs'
import type { Result } from 'ioredis'
import type { Connections } from '../redis/connections.js'
import { redisFailure } from '../redis/errors.js'
import { rollKey } from './names.js'

declare module 'ioredis' {
  interface RedisCommander<Context> {
    attendRoll(roll: string, worker: string, leaseMs: number): Result<string[], Context>
  }
}

const lua = readFileSync(new URL('./scripts/attend.lua', import.meta.url), 'utf8')

/** A pubsub worker: two of one name differ in their id. */
export interface Listener {
  id: string
  name: string
}

/** The roll of a channel: which pubsub workers live. One that is killed is off it when its lease has ended. */
export class Roll {
  readonly #redis: Connections['commands']
  readonly #key: string

  constructor(redis: Connections['commands'], channel: string) {
    redis.defineCommand('attendRoll', { lua, numberOfKeys: 1 })
    this.#redis = redis
    this.#key = rollKey(channel)
  }

  /**
   * Puts a worker on the roll, or lets it stay there. One round trip; safe to repeat.
   *
   * @returns all that live, this one too
   * @throws {RedisUnavailableError}
   */
  attend(id: string, leaseMs: number): Promise<Listener[]> {
    return this.#call(id, leaseMs)
  }

  /** Takes a worker off the roll. @throws {RedisUnavailableError} */
  async leave(id: string): Promise<void> {
    await this.#call(id, 0)
  }

  /** Who lives, by name. One round trip, O(workers). @throws {RedisUnavailableError} */
  call(): Promise<Listener[]> {
    return this.#call('', 0)
  }

  async #call(id: string, leaseMs: number): Promise<Listener[]> {
    const ids = await this.#redis.attendRoll(this.#key, id, leaseMs).catch(redisFailure(this.#key))
    const numbered = new Intl.Collator('en', { numeric: true })
    return ids.map(toListener).sort((one, other) => numbered.compare(one.id, other.id))
  }
}

/** Made of its name and what makes it unique. */
export const listenerId = (name: string, seed: string): string => `${name}~${seed}`

const toListener = (id: string): Listener => ({
  id,
  name: id.slice(0, Math.max(id.lastIndexOf('~'), 0)) || id,
})
