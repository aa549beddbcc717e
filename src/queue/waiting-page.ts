import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { taskKeys } from './names.js'

/**
 * Elements of a queue's waiting lists, in the order in which they will be taken: high priority, normal, low, each from
 * its older end. Two round trips, O(count).
 *
 * @param skip so many that are taken before
 */
export async function waitingElements(
  redis: RedisClient,
  list: string,
  { skip, count }: { skip: number; count: number },
): Promise<string[]> {
  const { high, low } = taskKeys(list)
  const keys = [high, list, low]
  const failure = redisFailure(list)
  const lengths = await Promise.all(keys.map((key) => redis.llen(key))).catch(failure)
  let [before, left] = [skip, count]
  const reads: Promise<string[]>[] = []
  for (const [index, length] of lengths.entries()) {
    const taken = Math.max(0, Math.min(left, length - before))
    if (taken > 0) reads.push(redis.lrange(keys[index] as string, -before - taken, -before - 1))
    before = Math.max(0, before - length)
    left -= taken
  }
  const parts = await Promise.all(reads).catch(failure)
  return parts.flatMap((part) => part.reverse())
}
