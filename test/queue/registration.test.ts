import { expect, it, vi } from 'vitest'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks } from '../support/tasks.js'

const redis = useRedis()
const queues = () => redis.client.smembers('task:queues')

it('a queue is listed again when Redis has lost its data', async () => {
  const tasks = await givenTasks(redis)
  await tasks.enqueue('echo')
  await eventually(async () => expect(await queues()).toEqual(['default']))
  await redis.client.flushall()
  const later = Date.now() + 61_000
  vi.spyOn(Date, 'now').mockReturnValue(later)
  await tasks.enqueue('echo')
  vi.restoreAllMocks()
  await eventually(async () => expect(await queues()).toEqual(['default']))
})

it('a queue that a worker serves is listed, though nobody enqueues', async () => {
  const tasks = await givenTasks(redis, 'foreign')
  tasks.startWorker({ QUEUES: 'foreign,other' })
  await eventually(async () => expect((await queues()).sort()).toEqual(['foreign', 'other']))
})
