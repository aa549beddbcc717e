import type { Redis } from 'ioredis'
import type { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import { watchLiveness } from '../redis/liveness.js'

/** Called with the channel that a message was published to. */
export type OnMessage = (channel: string, message: string) => void

/**
 * The receiving side of the pubsub lane, on a connection of its own. Subscriptions come back by themselves
 * after a lost connection; what was published meanwhile is gone, as pub/sub has it.
 */
export class Subscriber {
  readonly #redis: Redis
  readonly #log: Logger
  readonly #liveness: Duty
  #isStopping = false

  /** @param redis a connection for waiting, used by this subscriber alone; {@link stop} closes it */
  constructor(redis: Redis, log: Logger) {
    this.#redis = redis
    this.#log = log
    this.#liveness = watchLiveness(redis, log)
  }

  /** Subscribes to channels by name; waits for Redis if need be. */
  async subscribe(channels: string[], onMessage: OnMessage): Promise<void> {
    this.#redis.on('message', onMessage)
    await this.#keep(() => this.#redis.subscribe(...channels))
  }

  /** Subscribes to patterns (PSUBSCRIBE); waits for Redis if need be. */
  async subscribePatterns(patterns: string[], onMessage: OnMessage): Promise<void> {
    this.#redis.on('pmessage', (_pattern, channel: string, message: string) => onMessage(channel, message))
    await this.#keep(() => this.#redis.psubscribe(...patterns))
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#redis.disconnect()
    await this.#liveness.stop()
  }
  // With each new connection; to subscribe twice to the same changes nothing.
  async #keep(subscribe: () => Promise<unknown>): Promise<void> {
    this.#liveness.start()
    this.#redis.on('ready', () => {
      subscribe().catch((error: Error) => {
        if (!this.#isStopping) this.#log.error({ reason: error.message }, 'could not subscribe anew')
      })
    })
    await subscribe()
  }
}
