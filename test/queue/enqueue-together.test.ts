import { afterAll, beforeAll, expect, it } from 'vitest'
import { TaskQueue } from '../../src/queue/task-queue.js'
import { Connections } from '../../src/redis/connections.js'
import { recordingLog } from '../support/log.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
let connections: Connections

beforeAll(async () => {
  connections = new Connections(redis.url, { log: recordingLog().log, fatal: () => undefined })
  await connections.ready(10_000)
})
afterAll(() => connections.close())

const givenQueue = (maxLength: number, maxBytes: number) =>
  new TaskQueue(connections.commands, 'q', { maxLength, maxBytes })
const outcomesOf = async (queue: TaskQueue, sizes: number[]) => {
  const tasks = sizes.map((size) => ({ name: 'noop', data: JSON.stringify('x'.repeat(size)) }))
  return (await Promise.all(tasks.map((task) => queue.enqueue(task)))).map(({ outcome }) => outcome)
}

it('a task that is too large for what room is left does not keep out smaller ones beside it', async () => {
  const outcomes = await outcomesOf(givenQueue(0, 1000), [100, 5000, 100, 5000, 100])
  expect(outcomes).toEqual(['accepted', 'full', 'accepted', 'full', 'accepted'])
  expect(await redis.client.hlen('{task:queue:q}:tasks')).toBe(3)
})

it('of tasks that are enqueued together the first that fit are taken', async () => {
  expect(await outcomesOf(givenQueue(2, 0), [1, 1, 1, 1])).toEqual(['accepted', 'accepted', 'full', 'full'])
  expect(await redis.client.llen('task:queue:q')).toBe(2)
})

it('a bulk of large tasks is sent in several calls: none of them blocks Redis for long', async () => {
  const queue = givenQueue(0, 0)
  const bulkOf = (count: number, size: number) =>
    Array.from({ length: count }, () => ({ name: 'noop', data: JSON.stringify('x'.repeat(size)) }))
  await queue.enqueueMany(bulkOf(1, 1))
  await redis.client.config('RESETSTAT')
  const enqueued = await queue.enqueueMany([
    ...bulkOf(10, 300_000),
    ...bulkOf(1, 2_000_000),
    ...bulkOf(20, 1),
  ])

  expect(enqueued.map(({ outcome }) => outcome)).toEqual(Array(31).fill('accepted'))
  expect(await redis.client.hlen('{task:queue:q}:tasks')).toBe(32)
  const [, calls] = /cmdstat_evalsha:calls=(\d+)/.exec(await redis.client.info('commandstats')) ?? []
  expect(Number(calls)).toBe(6)
})
