import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { queuesKey } from './names.js'

/** The names of all task queues that were ever used, sorted. One round trip. */
export async function queueNames(redis: RedisClient): Promise<string[]> {
  return (await redis.smembers(queuesKey).catch(redisFailure(queuesKey))).sort()
}
