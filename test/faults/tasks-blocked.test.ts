import { describe, expect, it } from 'vitest'
import { workerKey, workersKey } from '../../src/queue/names.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, type Tasks } from '../support/tasks.js'

const redis = useRedis()

const never = 10 * 60_000

describe('a handler that blocks the event loop', () => {
  it('is run once however long it blocks, and is shown as blocked with the place in the code', async () => {
    const tasks = await givenTasks(redis)
    const workers = await givenWorkers(tasks, 2)
    const id = await tasks.enqueue('block', { ms: 8000 })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
    const blocked = workers.find(({ pid }) => pid === tasks.ledger.runs[0]?.pid)

    // While it blocks: the log line comes from the thread, and the place is where the loop is.
    expect(await blocked?.line(/event loop is blocked/)).toMatch(/spin \(file:.*block\.js:\d+/)
    const shown = await eventually(async () => {
      const info = (await infos(tasks)).find(({ blockedSince }) => blockedSince)
      expect(info?.stack?.[0]).toMatch(/spin \(file:.*block\.js:\d+/)
      return info
    })
    expect(shown?.pid).toBe(blocked?.pid)
    expect(await tasks.find(id)).toMatchObject({ state: 'active' })

    expect(await tasks.untilState(id, 'done')).toMatchObject({
      attempt: 1,
      attempts: [],
      result: 'unblocked',
    })
    expect(tasks.ledger.runs).toHaveLength(1)
    await eventually(async () => expect((await infos(tasks)).filter((info) => info.blockedSince)).toEqual([]))
  })

  it('is ended at its timeout with its process; the others that it held lose no attempt', async () => {
    const tasks = await givenTasks(redis)
    const [blocked] = await givenWorkers(tasks, 1)
    const bystander = await tasks.enqueue('work', { ms: 6000 })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
    const culprit = await tasks.enqueue('block', { ms: never }, { options: { a: 1, t: 1000 } })

    expect(await blocked?.exit()).toBe('SIGKILL')
    expect(blocked?.errors.join()).toMatch(/ran past its timeout and blocks the process/)
    const record = await tasks.untilState(culprit, 'dead')
    expect(record.error?.message).toMatch(/timed out while it blocked the event loop, at spin \(.*block\.js/)

    expect(await tasks.find(bystander)).toMatchObject({ state: 'waiting', attempt: 0, attempts: [] })
    await givenWorkers(tasks, 1)
    expect(await tasks.untilState(bystander, 'done')).toMatchObject({ attempt: 1 })
  })

  it('costs no attempt of those of its batch that ended just before it, or had not begun', async () => {
    const tasks = await givenTasks(redis)
    await tasks.queue.pause()
    const before = await tasks.enqueueMany(2, 'nod', {}, { options: { a: 1 } })
    const culprit = await tasks.enqueue('block', { ms: never }, { options: { a: 1, t: 1000 } })
    const after = await tasks.enqueueMany(2, 'nod', {}, { options: { a: 1 } })
    const [blocked] = await givenWorkers(tasks, 1)
    await tasks.queue.resume()

    expect(await blocked?.exit()).toBe('SIGKILL')
    await tasks.untilState(culprit, 'dead')
    await givenWorkers(tasks, 1)
    for (const id of [...before, ...after]) {
      expect(await tasks.untilState(id, 'done')).toMatchObject({ attempt: 1, attempts: [] })
    }
  })

  it('is not blamed on a task beside it that ran past its own timeout meanwhile', async () => {
    const tasks = await givenTasks(redis)
    const [worker] = await givenWorkers(tasks, 1)
    const waiting = await tasks.enqueue('work', { ms: 1500 }, { options: { a: 1, t: 3000 } })
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
    const blocking = await tasks.enqueue('block', { ms: 7000 })

    await tasks.untilState(blocking, 'done')
    expect(worker?.isRunning).toBe(true)
    expect(tasks.ledger.of(blocking)).toHaveLength(1)
    expect((await tasks.find(waiting))?.attempt).toBe(1)
  })

  it('is ended at its timeout also in a native call, out of which no stack can be read', async () => {
    const tasks = await givenTasks(redis)
    const [blocked] = await givenWorkers(tasks, 1)
    const id = await tasks.enqueue('doze', { ms: never }, { options: { a: 1, t: 500 } })

    expect(await blocked?.exit()).toBe('SIGKILL')
    expect((await tasks.untilState(id, 'dead')).error?.message).toMatch(/at an unknown place/)
  })
})

it('goes on working after it was blocked in a native call', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('doze', { ms: 5000 })
  await worker?.line(/event loop is blocked/)
  expect(await tasks.untilState(id, 'done')).toMatchObject({ attempt: 1 })
  expect(await tasks.untilState(await tasks.enqueue('work'), 'done')).toMatchObject({ attempt: 1 })
})

it('ends the process of a handler that waits and does not heed its signal past its timeout', async () => {
  const tasks = await givenTasks(redis)
  const [stuck] = await givenWorkers(tasks, 1)
  const bystander = await tasks.enqueue('work', { ms: 20_000 })
  const culprit = await tasks.enqueue('work', { ms: never, deaf: true }, { options: { a: 1, t: 500 } })

  expect(await stuck?.exit()).toBe(1)
  expect(stuck?.lines.join()).toMatch(/timed out after 500 ms and did not heed its signal/)
  expect(await tasks.find(culprit)).toMatchObject({
    state: 'dead',
    attempts: [{ attempt: 1, error: { message: 'timed out after 500 ms' } }],
  })
  expect(await tasks.find(bystander)).toMatchObject({ state: 'waiting', attempt: 0, attempts: [] })
  expect(tasks.ledger.of(bystander)).toMatchObject([{ ended: { event: 'abort' } }])
})

it('fails the attempt of a handler that heeds its signal at its timeout, and goes on', async () => {
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('work', { ms: never }, { options: { a: 1, t: 200 } })
  expect(await tasks.untilState(id, 'dead')).toMatchObject({ error: { message: 'timed out after 200 ms' } })
  expect(worker?.isRunning).toBe(true)
})

interface Info {
  pid: number
  blockedSince?: number
  stack?: string[]
}

async function infos({ connections: { commands } }: Tasks): Promise<Info[]> {
  const workers = await commands.smembers(workersKey)
  const texts = await Promise.all(workers.map((worker) => commands.get(workerKey(worker))))
  return texts.flatMap((text) => (text === null ? [] : (JSON.parse(text) as Info)))
}
