import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { taskKeys, taskList } from '../../src/queue/names.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, ownId } from '../support/tasks.js'

const redis = useRedis()

const list = taskList('default')
/** Longer than an idle worker's blocked read, and than it waits while a queue is paused. */
const aWhileMs = 3500
const recordMs = 60_000

describe('a paused queue', () => {
  it('has nothing started, not even by idle workers, until it is resumed', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 2)
    await tasks.queue.pause()
    await tasks.enqueueMany(5, 'work')
    await tasks.enqueue('work', {}, { priority: 'high' })
    await tasks.enqueue('work', {}, { delayMs: 100 })

    await sleep(aWhileMs) // Nothing happens: that cannot be waited for.
    expect(tasks.ledger.runs).toEqual([])
    expect(await tasks.counts()).toMatchObject({ waiting: 6, delayed: 1, active: 0, isPaused: true })

    await tasks.queue.resume()
    await eventually(() => expect(tasks.ledger.done).toHaveLength(7))
  })

  it('has nothing in it that a worker would start at once', async () => {
    const tasks = await givenTasks(redis)
    const ids = await tasks.enqueueMany(3, 'work') // To an empty queue: idle workers would be handed the whole task.
    await tasks.queue.pause()
    const references = ids.map((id) => `\u0002${ownId(id)}`)
    expect(await redis.client.lrange(list, 0, -1)).toEqual(references.reverse())
  })

  it('does not stop what is running', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1)
    const id = await tasks.enqueue('work', { ms: 500 })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
    await tasks.queue.pause()
    await tasks.untilState(id, 'done')
  })
})

describe('cancelling', () => {
  it('keeps a waiting and a delayed task from being run', async () => {
    const tasks = await givenTasks(redis)
    const waiting = await tasks.enqueue('work')
    const delayed = await tasks.enqueue('work', {}, { delayMs: 300 })
    for (const id of [waiting, delayed]) expect(await tasks.queue.cancel(ownId(id), recordMs)).toBe('removed')
    const last = await tasks.enqueue('work', {}, { delayMs: 500 })
    await givenWorkers(tasks, 1)

    await tasks.untilState(last, 'done')
    expect(tasks.ledger.runs.map(({ id }) => id)).toEqual([last])
    for (const id of [waiting, delayed]) expect(await tasks.find(id)).toMatchObject({ state: 'cancelled' })
  })

  it('aborts an active task', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1)
    const id = await tasks.enqueue('work', { ms: 60_000 })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))

    expect(await tasks.queue.cancel(ownId(id), recordMs)).toBe('active')
    expect(await tasks.untilState(id, 'cancelled')).toMatchObject({ error: { message: 'cancelled' } })
    expect(tasks.ledger.of(id)).toMatchObject([{ ended: { event: 'abort' } }])
  })

  it('holds for a task that fails before its worker hears of it: it is not tried again', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1)
    const failing = await tasks.enqueue('work', { ms: 200, fails: 3 })
    await eventually(() => expect(tasks.ledger.of(failing)).toHaveLength(1))
    await tasks.queue.cancel(ownId(failing), recordMs)
    await tasks.untilState(failing, 'cancelled')
    expect(tasks.ledger.of(failing)).toHaveLength(1)
  })
})

it('runs a dead task again when it is asked to, its failures forgotten', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('work', { fails: 1 }, { options: { a: 1 } })
  expect(await tasks.untilState(id, 'dead')).toMatchObject({ attempt: 1 })

  expect(await tasks.queue.revive(ownId(id))).toBe('waiting')
  await eventually(() => expect(tasks.ledger.of(id)).toHaveLength(2))
  expect(tasks.ledger.of(id)[1]).toMatchObject({ attempt: 1 })
})

describe('a bare value that another program pushed', () => {
  it('is dead with that reason where no handler is named for it', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1)
    await redis.client.lpush(list, 'hello', 'hello')

    await eventually(async () => expect(await tasks.counts()).toMatchObject({ dead: 2, accepted: 2 }))
    const { tasks: dead } = await tasks.inspector.page('dead')
    for (const record of dead) {
      expect(record).toMatchObject({ task: '', data: 'hello', attempt: 1 })
      expect(record.error?.message).toBe('no handler for bare values of queue default')
    }
  })

  it('is run by the handler that is named for its queue, which makes an input of it', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1, { RAW_HANDLERS: 'other=work,default=shout' })
    await redis.client.lpush(list, 'hello')
    const [run] = await eventually(() => {
      expect(tasks.ledger.done).toHaveLength(1)
      return tasks.ledger.done
    })
    expect(await tasks.untilState(run?.id ?? '', 'done')).toMatchObject({
      result: 'HELLO',
      task: '',
      data: 'hello',
    })
  })

  it('is dead when its handler cannot make an input of it', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1, { RAW_HANDLERS: 'default=shout' })
    await redis.client.lpush(list, '')
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ dead: 1 }))
    expect((await tasks.inspector.page('dead')).tasks[0]?.error?.message).toBe('expected a text, got nothing')
  })

  it('leaves no trace in the count of bytes once it is done', async () => {
    const tasks = await givenTasks(redis)
    await givenWorkers(tasks, 1, { RAW_HANDLERS: 'default=shout' })
    await redis.client.lpush(list, 'one', 'two', 'three')
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 3 }))
    expect(await redis.client.hget(taskKeys(list).stats, 'bytes')).toBe('0')
  })
})

it('runs no more tasks of a handler at a time than it allows, and others beside it', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1)
  await tasks.enqueueMany(6, 'single', { ms: 200 })
  const other = await tasks.enqueue('work')
  await tasks.untilState(other, 'done')
  expect(tasks.ledger.done.length).toBeLessThan(6)
  await tasks.untilEmpty()

  const runs = tasks.ledger.runs.filter(({ id }) => id !== other)
  expect(runs).toHaveLength(6)
  for (const [at, run] of runs.entries()) {
    expect(run.startedAt).toBeGreaterThanOrEqual(runs[at - 1]?.ended?.at ?? 0)
    expect(run.attempt).toBe(1)
  }
})

it('loses none of the tasks that a busy handler has at hand, nor an attempt of theirs, when the worker stops', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1)
  await tasks.enqueueMany(60, 'single', { ms: 20 })
  await eventually(() => expect(tasks.ledger.done.length).toBeGreaterThan(20))
  const stats = () => redis.client.hgetall(taskKeys(list).stats)
  expect(Number((await stats()).park)).toBeGreaterThan(0)
  worker?.signal('SIGTERM')
  expect(await worker?.exit()).toBe(0)
  expect(await tasks.audit()).toMatchObject({ held: 0, difference: 0 })

  await givenWorkers(tasks, 1)
  await tasks.untilEmpty()
  expect(tasks.ledger.runs.map(({ attempt }) => attempt)).toEqual(Array(60).fill(1))
  expect(await stats()).toMatchObject({ active: '0', done: '60' })
})

it('puts off tasks that it has no handler for, and counts no attempt', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('unheard-of')
  await worker?.line(/no such handler here/)
  expect(await tasks.untilState(id, 'scheduled')).toMatchObject({ attempt: 0, attempts: [] })
})

it('fails a task for good whose input is not what its handler takes', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('work', { ms: 'long' })
  const record = await tasks.untilState(id, 'dead')
  expect(record).toMatchObject({ attempt: 1 })
  expect(record.error?.message).toMatch(/data\.ms/)
})

it('sends Redis no more than about a command a second while it is idle, of two queues', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1, { QUEUES: 'default,task:url' })
  await sleep(1000) // What it does when it starts.
  await redis.client.config('RESETSTAT')
  await sleep(6000) // A rate is counted over time.
  const stats = await redis.client.info('commandstats')
  const calls = (name: string) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  const total =
    calls('set') + ['evalsha', 'blmove', 'lrange', 'sadd'].reduce((sum, name) => sum + calls(name), 0)
  expect(total / 6).toBeLessThan(1.4)
})
