import type { RedisClient } from '../redis/client.js'

/**
 * Watches a connection for a Redis that is there and lets nobody in by this name and password: what to say then, else
 * undefined. Without it such a Redis looks like one that is out of reach, and waiting would not help.
 */
export function watchRefusal(redis: RedisClient): () => string | undefined {
  let refusal: string | undefined
  redis.on('error', ({ message }: Error) => {
    refusal = /^(WRONGPASS|NOAUTH)\b/.test(message)
      ? 'Redis refused the credentials; check the name and password in REDIS_URL'
      : undefined
  })
  redis.on('ready', () => (refusal = undefined))
  return () => refusal
}
