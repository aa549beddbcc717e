import { describe, expect, it } from 'vitest'
import { taskKeys, taskList } from '../../src/queue/names.js'
import { TaskConsumer } from '../../src/queue/task-consumer.js'
import { TaskQueue } from '../../src/queue/task-queue.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, ownId } from '../support/tasks.js'

const redis = useRedis()
const list = taskList('default')
const keys = taskKeys(list)
const retention = { resultTtlMs: 60_000, deadMax: 10, deadTtlMs: 1000 }

async function givenConsumer() {
  const tasks = await givenTasks(redis)
  const { commands } = tasks.connections
  const consumer = new TaskConsumer(commands, { queue: 'default', id: 'ann' }, retention)
  await consumer.heartbeat(60_000)
  return { tasks, consumer }
}

describe('delayed tasks whose time has come', () => {
  it('are taken in the order of their due times, however few are taken at a time', async () => {
    const { tasks, consumer } = await givenConsumer()
    const ids = []
    for (let at = 1; at <= 250; at += 1) ids.push(await tasks.enqueue('work', {}, { delayMs: 60_000 + at }))
    for (const [at, id] of ids.entries())
      await redis.client.zadd(keys.delayed[1] as string, at + 1, ownId(id))
    const taken = []
    for (let at = 0; at < 250; at += 1) taken.push((await consumer.reserve(1)).tasks[0]?.id)
    expect(taken).toEqual(ids.map(ownId))
  })

  it('of a high priority are seen behind any number of a low one', async () => {
    const { tasks, consumer } = await givenConsumer()
    await tasks.enqueueMany(300, 'work', {}, { priority: 'low', delayMs: 60_000 })
    const high = await tasks.enqueue('work', {}, { priority: 'high', delayMs: 60_000 })
    for (const set of keys.delayed) {
      for (const id of await redis.client.zrange(set, '0', '-1')) await redis.client.zadd(set, 1, id)
    }
    await redis.client.zadd(keys.delayed[0] as string, 2, ownId(high))
    expect((await consumer.reserve(1)).tasks).toMatchObject([{ id: ownId(high) }])
  })
})

describe('a bounded queue', () => {
  it('has room again when what filled it is cancelled, and does not count what only wakes', async () => {
    const { tasks } = await givenConsumer()
    const bounded = new TaskQueue(tasks.connections.commands, 'default', { maxLength: 3, maxBytes: 0 })
    for (let at = 0; at < 3; at += 1) {
      const enqueued = await bounded.enqueue({ name: 'work', data: '{}' })
      if (enqueued.outcome === 'accepted') await bounded.cancel(ownId(enqueued.id), 1000)
    }
    for (let at = 0; at < 5; at += 1) await bounded.resume()
    expect(await tasks.counts()).toMatchObject({ waiting: 0 })
    const outcomes = await bounded.enqueueMany(
      Array.from({ length: 4 }, () => ({ name: 'work', data: '{}' })),
    )
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted', 'accepted', 'full'])
  })
})

it('passes over thousands of cancelled tasks in one call', async () => {
  const { tasks, consumer } = await givenConsumer()
  const ids = await tasks.enqueueMany(900, 'work')
  await Promise.all(ids.map((id) => tasks.queue.cancel(ownId(id), 0)))
  const last = await tasks.enqueue('work')
  await redis.client.config('RESETSTAT')
  expect((await consumer.reserve(1)).tasks).toMatchObject([{ id: ownId(last) }])
  expect(await redis.client.info('commandstats')).toMatch(/cmdstat_eval(sha)?:calls=1,/)
  expect(await redis.client.scard(keys.ghosts)).toBe(0)
})

it('leaves no history behind of what is purged', async () => {
  const { tasks, consumer } = await givenConsumer()
  const id = ownId(await tasks.enqueue('work'))
  await consumer.reserve(1)
  const attempt = { attempt: 1, worker: 'ann', endedAt: 0, error: { name: '', message: '' } }
  await consumer.settle([{ id, attempt: 1, outcome: { kind: 'retry', delayMs: 0, attempt } }])
  await consumer.reserve(1)
  await consumer.settle([{ id, attempt: 2, outcome: { kind: 'return' } }])
  expect(await redis.client.keys('*history*')).toHaveLength(1)
  expect(await tasks.queue.purge('waiting')).toBe(1)
  expect(await redis.client.keys('*history*')).toEqual([])
})

it('lets the dead go when their time is over, though no other task dies', async () => {
  const { tasks, consumer } = await givenConsumer()
  const id = ownId(await tasks.enqueue('work'))
  await consumer.reserve(1)
  const attempt = { attempt: 1, worker: 'ann', endedAt: 0, error: { name: '', message: '' } }
  await consumer.settle([{ id, attempt: 1, outcome: { kind: 'dead', attempt } }])
  await redis.client.zadd(keys.dead, 1, id)
  await consumer.heartbeat(60_000)
  expect(await tasks.counts()).toMatchObject({ dead: 0, removed: 1, bytes: 0 })
  expect(await tasks.audit()).toMatchObject({ difference: 0 })
})
