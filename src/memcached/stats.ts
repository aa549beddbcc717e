import type { RedisClient } from '../redis/client.js'
import { queueNames } from '../queue/queue-names.js'
import { TaskInspector } from '../queue/task-inspector.js'

const maxQueues = 1000

/** What `stats` tells of the queues: how many tasks wait, are reserved, … in each of the first 1,000. Two round trips, O(queues). */
export async function queueStats(redis: RedisClient): Promise<[name: string, value: number][]> {
  const names = (await queueNames(redis)).slice(0, maxQueues)
  const counts = await Promise.all(names.map((name) => new TaskInspector(redis, name).counts()))
  const items = counts.reduce((sum, { waiting, delayed, active }) => sum + waiting + delayed + active, 0)
  return [
    ['curr_items', items],
    ...counts.flatMap(({ name, waiting, delayed, active, dead }): [string, number][] => [
      [`queue_${name}_waiting`, waiting],
      [`queue_${name}_delayed`, delayed],
      [`queue_${name}_reserved`, active],
      [`queue_${name}_dead`, dead],
    ]),
  ]
}
