import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { serversOf } from '../redis/servers.js'
import { dispatchChannel } from './names.js'

/** What a publish reached. */
export interface Published {
  channel: string
  receivers: number
}

/** The sending side of the pubsub lane. Fire and forget: who is not listening now never gets it. */
export class Publisher {
  readonly #redis: RedisClient

  constructor(
    redis: RedisClient,
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
    return this.#publish(this.channel, message)
  }

  /**
   * Publishes to one named worker. No receivers: nobody listens under that name.
   *
   * @throws {RedisUnavailableError}
   */
  async dispatch(worker: string, message: string): Promise<Published> {
    return this.#publish(dispatchChannel(worker), message)
  }

  /**
   * How many are subscribed to the channel by its name. One round trip.
   *
   * @throws {RedisUnavailableError}
   */
  async subscribers(): Promise<number> {
    return this.#subscribersOf(this.channel).catch(redisFailure(this.channel))
  }

  async #publish(channel: string, message: string): Promise<Published> {
    const publishing = this.#redis.publish(channel, message)
    const [receivers] = await Promise.all([this.#subscribersOf(channel), publishing]).catch(
      redisFailure(channel),
    )
    return { channel, receivers }
  }

  // In a Cluster every node knows of its own alone, and so does what PUBLISH answers.
  async #subscribersOf(channel: string): Promise<number> {
    const servers = serversOf(this.#redis)
    const counts = await Promise.all(servers.map(async (server) => server.pubsub('NUMSUB', channel)))
    return counts.map(subscribersIn).reduce((sum, count) => sum + count, 0)
  }
}

// The reply of PUBSUB NUMSUB for one channel: [channel, count].
function subscribersIn(reply: unknown): number {
  return Array.isArray(reply) ? Number(reply[1]) : 0
}
