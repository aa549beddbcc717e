import { expect, it } from 'vitest'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers } from '../support/tasks.js'

const redis = useRedis()

it('finishes what is running on SIGTERM, and takes nothing more', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1, { CONCURRENCY: '2' })
  const ids = await tasks.enqueueMany(4, 'work', { ms: 1500 })
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(2))

  worker?.signal('SIGTERM')
  expect(await worker?.exit()).toBe(0)

  expect(tasks.ledger.runs).toHaveLength(2)
  const states = await Promise.all(ids.map(async (id) => (await tasks.find(id))?.state))
  expect(states.sort()).toEqual(['done', 'done', 'waiting', 'waiting'])
  expect(await tasks.audit()).toMatchObject({ held: 0, difference: 0 })
})

it('aborts what is running when the grace period is over, and gives it back with no attempt counted', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1, { SHUTDOWN_GRACE: '500ms' })
  const heeding = await tasks.enqueue('work', { ms: 60_000 })
  const deaf = await tasks.enqueue('work', { ms: 60_000, deaf: true })
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(2))

  worker?.signal('SIGTERM')
  expect(await worker?.exit()).toBe(0)

  for (const id of [heeding, deaf]) {
    expect(await tasks.find(id)).toMatchObject({ state: 'waiting', attempt: 0, attempts: [] })
  }
  expect(tasks.ledger.of(heeding)).toMatchObject([{ ended: { event: 'abort' } }])
  await givenWorkers(tasks, 1)
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(4))
})

it('stops at once when it is idle', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1)
  const stoppedAt = Date.now()
  worker?.signal('SIGTERM')
  expect(await worker?.exit()).toBe(0)
  expect(Date.now() - stoppedAt).toBeLessThan(2500)
})

it('loses nothing and runs nothing twice while all workers are restarted one by one under load', async () => {
  const tasks = await givenTasks(redis)
  const first = await givenWorkers(tasks, 3)
  const ids = await tasks.enqueueMany(3000, 'work', { ms: 50 })
  await eventually(() => expect(tasks.ledger.done.length).toBeGreaterThan(100))

  for (const worker of first) {
    await givenWorkers(tasks, 1)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
  }
  expect(tasks.ledger.done.length).toBeLessThan(3000)
  await tasks.untilEmpty()

  expect(tasks.ledger.runs).toHaveLength(3000)
  expect(new Set(tasks.ledger.done.map(({ id }) => id))).toEqual(new Set(ids))
  expect(await tasks.audit()).toMatchObject({ done: 3000, difference: 0 })
})
