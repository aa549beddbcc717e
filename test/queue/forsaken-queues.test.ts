import { expect, it } from 'vitest'
import { forsakenQueues } from '../../src/queue/forsaken-queues.js'
import { queuesKey, taskKeys, taskList } from '../../src/queue/names.js'
import { useRedis } from '../support/redis.js'
import { givenTasks } from '../support/tasks.js'

const redis = useRedis()

it('finds the queues of dead consumers among a thousand, in few reads by Redis', async () => {
  const { connections } = await givenTasks(redis)
  const names = Array.from({ length: 1000 }, (_, index) => `queue-${index}`)
  await redis.client.sadd(queuesKey, ...names)
  const inAMinute = Date.now() + 60_000
  await redis.client.zadd(taskKeys(taskList('queue-7')).consumers, 1, 'dead', inAMinute, 'alive')
  await redis.client.zadd(taskKeys(taskList('queue-8')).consumers, inAMinute, 'alive')

  const before = await readsByRedis()
  expect(await forsakenQueues(connections.commands)).toEqual(['queue-7'])
  expect((await readsByRedis()) - before).toBeLessThan(30)
})

it('finds none where there is no queue', async () => {
  const { connections } = await givenTasks(redis)
  expect(await forsakenQueues(connections.commands)).toEqual([])
})

async function readsByRedis(): Promise<number> {
  return Number(/total_reads_processed:(\d+)/.exec(await redis.client.info('stats'))?.[1])
}
