import { expect, it } from 'vitest'
import { lookAtQueue } from '../../src/queue/queue-counts.js'
import { useRedis } from '../support/redis.js'
import { givenTasks } from '../support/tasks.js'

const redis = useRedis()

it('tells since when the oldest waiting task has waited, of any priority', async () => {
  const tasks = await givenTasks(redis)
  expect((await lookAtQueue(redis.client, 'default')).oldestWaitingAt).toBeUndefined()

  const before = await redisTime()
  await tasks.enqueue('work', {}, { priority: 'low' })
  const after = await redisTime()
  await tasks.enqueue('work')
  const { oldestWaitingAt, counts } = await lookAtQueue(redis.client, 'default')
  expect(counts.waiting).toBe(2)
  expect(oldestWaitingAt).toBeGreaterThanOrEqual(before)
  expect(oldestWaitingAt).toBeLessThanOrEqual(after)
})

async function redisTime(): Promise<number> {
  const [seconds, micros] = await redis.client.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}
