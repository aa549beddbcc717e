import type { RedisClient } from '../redis/client.js'
import { refusalOf } from '../redis/refusal.js'

/**
 * Watches a client for a Redis that is there and lets nobody in, for its credentials or its certificate: what to say then,
 * else undefined. Without it such a Redis looks like one that is out of reach, and waiting would not help.
 */
export function watchRefusal(redis: RedisClient): () => string | undefined {
  let refusal: string | undefined
  // What a Cluster says of itself is only that no node is left; and a node may say that more than once.
  redis.on(redis.isCluster ? 'node error' : 'error', (error: Error) => {
    if (error.message !== 'Connection is closed.') refusal = refusalOf(error)
  })
  redis.on('ready', () => (refusal = undefined))
  return () => refusal
}
