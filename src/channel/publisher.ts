import type { Redis } from 'ioredis'
import { redisFailure } from '../redis/errors.js'
import { dispatchChannel } from './names.js'

/** What a publish reached. */
export interface Published {
  channel: string
  receivers: number
}

/** The sending side of the pubsub lane. Fire and forget: who is not listening now never gets it. */
export class Publisher {
  readonly #redis: Redis

  constructor(
    redis: Redis,
    readonly channel: string,
  ) {
    this.#redis = redis
  }

  /**
   * Publishes to everyone who is subscribed to the channel by its name. The page's own listeners subscribe
   * by pattern and so are not counted among the receivers. One round trip.
   *
   * @throws {RedisUnavailableError}
   */
  async broadcast(message: string): Promise<Published> {
    const replies = await this.#redis
      .pipeline()
      .publish(this.channel, message)
      .pubsub('NUMSUB', this.channel)
      .exec()
      .catch(redisFailure(this.channel))
    const [published, counted] = replies ?? []
    const error = published?.[0] ?? counted?.[0]
    if (error) redisFailure(this.channel)(error)
    return { channel: this.channel, receivers: subscribersIn(counted?.[1]) }
  }

  /**
   * Publishes to one named worker. No receivers: nobody listens under that name.
   *
   * @throws {RedisUnavailableError}
   */
  async dispatch(worker: string, message: string): Promise<Published> {
    const channel = dispatchChannel(worker)
    const receivers = await this.#redis.publish(channel, message).catch(redisFailure(channel))
    return { channel, receivers }
  }

  /**
   * How many are subscribed to the channel by its name. One round trip.
   *
   * @throws {RedisUnavailableError}
   */
  async subscribers(): Promise<number> {
    const reply = await this.#redis.pubsub('NUMSUB', this.channel).catch(redisFailure(this.channel))
    return subscribersIn(reply)
  }
}

// The reply of PUBSUB NUMSUB for one channel: [channel, count].
function subscribersIn(reply: unknown): number {
  return Array.isArray(reply) ? Number(reply[1]) : 0
}
