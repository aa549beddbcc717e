import { expect, it } from 'vitest'
import type { TaskOptions } from '../../src/queue/envelope.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, ownId, percentile, untilIdle } from '../support/tasks.js'

const redis = useRedis()

/** Generous: a machine that is busy with other tests. On an idle one it is a few milliseconds. */
const lateMs = 750

it('starts delayed tasks when they are due, never early', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  await untilIdle(tasks, 2)
  const dueAt = new Map<string, number>()
  for (let at = 0; at < 150; at += 1) {
    const delayMs = 100 + ((at * 677) % 3000)
    const enqueued = await tasks.queue.enqueue({ name: 'work', data: '{}', delayMs })
    if (enqueued.outcome === 'accepted') dueAt.set(enqueued.id, enqueued.enqueuedAt + delayMs)
  }
  await eventually(() => expect(tasks.ledger.done).toHaveLength(150))

  const late = tasks.ledger.runs.map(({ id, startedAt }) => startedAt - (dueAt.get(id) ?? NaN))
  report('delayed tasks', late)
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
  expect(percentile(late, 0.99)).toBeLessThan(lateMs)
})

it('retries when the backoff is over, never early', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  await untilIdle(tasks, 2)
  const options: TaskOptions = { a: 3, b: { type: 'list', delaysMs: [300, 700] } }
  const ids = await tasks.enqueueMany(20, 'work', { fails: 2 }, { options })
  await eventually(() => expect(tasks.ledger.done).toHaveLength(20))

  const late = ids.flatMap((id) => {
    const [first, second, third] = tasks.ledger.of(id)
    const gap = (from = first, to = second) => (to?.startedAt ?? NaN) - (from?.ended?.at ?? NaN)
    return [gap() - 300, gap(second, third) - 700]
  })
  report('retries', late)
  expect(Math.min(...late)).toBeGreaterThanOrEqual(0)
  expect(percentile(late, 0.99)).toBeLessThan(lateMs)
})

it('starts a due task in the worker that has a free slot, whichever of them heard of it', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2, { CONCURRENCY: '1' })
  await untilIdle(tasks, 2)
  const late: number[] = []
  for (let round = 0; round < 7; round += 1) {
    // One of them hears of both, and is busy with the first when the second is due; the other is blocked all the while.
    const first = await tasks.enqueue('work', { ms: 1200 }, { delayMs: 200 })
    const second = await tasks.queue.enqueue({ name: 'work', data: '{}', delayMs: 300 })
    if (second.outcome !== 'accepted') throw new Error('the queue is full')
    await tasks.untilState(second.id, 'done')
    late.push((tasks.ledger.of(second.id)[0]?.startedAt ?? NaN) - second.enqueuedAt - 300)
    await tasks.untilState(first, 'done')
  }
  report('beside a busy worker', late)
  // Not the worst: what it would be late by otherwise depends on when the next heartbeat is.
  expect(percentile(late, 0.5)).toBeLessThan(100)
})

it('wakes as many idle workers as there are tasks of high or low priority', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2, { CONCURRENCY: '1' })
  await untilIdle(tasks, 2)
  for (const priority of ['high', 'low'] as const) {
    const before = tasks.ledger.runs.length
    await tasks.enqueueMany(2, 'work', { ms: 1500 }, { priority })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(before + 2), 1200)
    await tasks.untilEmpty()
  }
})

it('takes tasks in strict order of priority, and the oldest first', async () => {
  const tasks = await givenTasks(redis)
  const names = new Map<string, string>()
  await tasks.queue.pause()
  for (const name of ['low 1', 'normal 1', 'high 1', 'low 2', 'normal 2', 'high 2']) {
    const priority = name.split(' ')[0] as 'low'
    names.set(await tasks.enqueue('work', {}, { priority }), name)
  }
  await givenWorkers(tasks, 1, { CONCURRENCY: '1' })
  await tasks.queue.resume()
  await tasks.untilEmpty()
  expect(tasks.ledger.runs.map(({ id }) => names.get(id))).toEqual([
    'high 1',
    'high 2',
    'normal 1',
    'normal 2',
    'low 1',
    'low 2',
  ])
  expect([...names.keys()].map(ownId).every((id) => /^[hnl]/.test(id))).toBe(true)
})

function report(what: string, late: number[]): void {
  console.info(`${what}: late by p50 ${percentile(late, 0.5)} ms, p99 ${percentile(late, 0.99)} ms`)
}
