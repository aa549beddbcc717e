import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { repliesOf } from '../redis/pipeline.js'
import { queuesKey, taskKeys, taskList } from './names.js'
import { queueNames } from './queue-names.js'

/** The names of queues with a consumer whose lease has ended. Two round trips, O(queues). */
export async function forsakenQueues(redis: RedisClient): Promise<string[]> {
  const asking = redis.time().catch(redisFailure(queuesKey))
  const [names, [seconds]] = await Promise.all([queueNames(redis), asking])
  const keys = names.map((name) => taskKeys(taskList(name)).consumers)
  const counts = await countEach(redis, keys, Number(seconds) * 1000)
  return names.filter((_, index) => (counts[index] ?? 0) > 0)
}

/** How many members of each ZSET have a score up to this one. */
async function countEach(redis: RedisClient, keys: string[], upTo: number): Promise<number[]> {
  if (redis.isCluster) {
    // They are on different nodes.
    const counting = keys.map((key) => redis.zcount(key, '-inf', upTo))
    return Promise.all(counting).catch(redisFailure(queuesKey))
  }
  const pipeline = redis.pipeline()
  for (const key of keys) pipeline.zcount(key, '-inf', upTo)
  return (await repliesOf(pipeline, queuesKey)) as number[]
}
