import { setTimeout as sleep } from 'node:timers/promises'
import type { RedisConnection } from '../redis/client.js'
import { backoffMs } from '../process/backoff.js'
import type { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import { watchLiveness } from '../redis/liveness.js'

/** Called with the channel that a message was published to. */
export type OnMessage = (channel: string, message: string) => void

const retry = { baseMs: 200, capMs: 5000 }

/**
 * The receiving side of the pubsub lane, on a connection of its own. Subscriptions come back by themselves
 * after a lost connection; what was published meanwhile is gone, as pub/sub has it.
 */
export class Subscriber {
  readonly #redis: RedisConnection
  readonly #log: Logger
  readonly #liveness: Duty
  readonly #stopping = new AbortController()
  #isRefused = false

  /** @param redis a connection for waiting, used by this subscriber alone; {@link stop} closes it */
  constructor(redis: RedisConnection, log: Logger) {
    this.#redis = redis
    this.#log = log
    this.#liveness = watchLiveness(redis, log)
  }

  /**
   * Subscribes to channels by name; waits for Redis, and for its consent, if need be.
   *
   * @returns true once it listens; false, or never, when it was stopped before
   */
  async subscribe(channels: string[], onMessage: OnMessage): Promise<boolean> {
    this.#redis.on('message', onMessage)
    return this.#keep(() => this.#redis.subscribe(...channels))
  }

  /** As {@link subscribe}, to patterns (PSUBSCRIBE). */
  async subscribePatterns(patterns: string[], onMessage: OnMessage): Promise<boolean> {
    this.#redis.on('pmessage', (_pattern, channel: string, message: string) => onMessage(channel, message))
    return this.#keep(() => this.#redis.psubscribe(...patterns))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#redis.disconnect()
    await this.#liveness.stop()
  }

  // With each new connection; to subscribe twice to the same changes nothing.
  #keep(subscribe: () => Promise<unknown>): Promise<boolean> {
    this.#liveness.start()
    let trying: Promise<boolean> | undefined
    // One at a time: what is under way is sent again over the new connection.
    const ensure = () =>
      (trying ??= this.#untilSubscribed(subscribe).finally(() => {
        trying = undefined
      }))
    this.#redis.on('ready', () => void ensure())
    return ensure()
  }

  // Redis may refuse at first: a password that is about to be changed, a user that may not use the channel yet.
  async #untilSubscribed(subscribe: () => Promise<unknown>): Promise<boolean> {
    const { signal } = this.#stopping
    for (let failures = 1; !signal.aborted; failures += 1) {
      const refusal = await subscribe().then(
        () => undefined,
        (error: Error) => error,
      )
      if (signal.aborted) break
      this.#say(refusal)
      if (!refusal) return true
      await sleep(backoffMs(failures, retry), undefined, { signal }).catch(() => undefined)
    }
    return false
  }

  // Once, however long it lasts.
  #say(refusal: Error | undefined): void {
    if (refusal && !this.#isRefused) {
      this.#log.error({ reason: refusal.message }, 'Redis refuses the subscription, trying on')
    }
    if (!refusal && this.#isRefused) this.#log.info('Redis accepts the subscription')
    this.#isRefused = refusal !== undefined
  }
}
