import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { queuesKey, taskKeys, taskList } from './names.js'
import { queueNames } from './queue-names.js'

/** The names of queues with a consumer whose lease has ended. Two round trips, O(queues). */
export async function forsakenQueues(redis: RedisClient): Promise<string[]> {
  const failure = redisFailure(queuesKey)
  const [names, [seconds]] = await Promise.all([queueNames(redis), redis.time().catch(failure)])
  const nowMs = Number(seconds) * 1000
  const counting = names.map((name) => redis.zcount(taskKeys(taskList(name)).consumers, '-inf', nowMs))
  const counts = await Promise.all(counting).catch(failure)
  return names.filter((_, index) => (counts[index] ?? 0) > 0)
}
