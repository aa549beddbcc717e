import { describe, expect, it } from 'vitest'
import { givenSchedules, redisNow, scheduled, takeOne } from '../support/schedules.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const hourly = { every: '1h' }

describe('a schedule that is put again', () => {
  it('is left as it is when it says the same', async () => {
    const { schedules } = givenSchedules(redis)
    expect(await schedules.put('s', hourly, scheduled('a'))).toBe('created')
    const before = await schedules.find('s')
    expect(await schedules.put('s', hourly, scheduled('a'))).toBe('unchanged')
    expect(await schedules.find('s')).toEqual(before)
  })

  it('keeps its due time when only its task is another', async () => {
    const { schedules, makeDue } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    const dueAt = await makeDue('s', 60_000)
    expect(await schedules.put('s', hourly, scheduled('b'))).toBe('changed')
    const found = await schedules.find('s')
    expect(found).toMatchObject({ nextDue: dueAt, task: { data: '{"message":"b"}' } })
  })

  it('is due by its new timing when that is another', async () => {
    const { schedules } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    const before = await redisNow(redis)
    await schedules.put('s', { every: '10s' }, scheduled('a'))
    const { nextDue = NaN } = (await schedules.find('s')) ?? {}
    expect(nextDue).toBeGreaterThanOrEqual(before + 10_000)
    expect(nextDue).toBeLessThanOrEqual((await redisNow(redis)) + 10_000)
  })
})

describe('the book of schedules', () => {
  it('lists all by name, and forgets what is deleted', async () => {
    const { schedules } = givenSchedules(redis)
    for (const name of ['b', 'a', 'c']) await schedules.put(name, hourly, scheduled(name))
    expect(await schedules.remove('b')).toBe(true)
    expect(await schedules.remove('b')).toBe(false)
    expect((await schedules.all()).map(({ name }) => name)).toEqual(['a', 'c'])
    expect(await schedules.find('b')).toBeUndefined()
  })

  it('leaves nothing in Redis for good when all are deleted', async () => {
    const { schedules, makeDue, observer } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const due = await takeOne(observer())
    await observer().enqueue(due)
    await schedules.remove('s')
    expect(await redis.client.exists('task:schedules', '{task:schedules}:due', '{task:schedules}:last')).toBe(
      0,
    )
    expect(await redis.client.pttl('{task:queue:default}:schedule:s')).toBeGreaterThan(0)
    expect(await redis.client.pttl('{task:schedules}:turn')).toBeGreaterThan(0)
  })

  it('is bounded', async () => {
    const { schedules } = givenSchedules(redis)
    await redis.client.hset(
      'task:schedules',
      Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`n${n}`, ''])),
    )
    expect(await schedules.put('one-more', hourly, scheduled('a'))).toBe('full')
  })
})

describe('what is due', () => {
  it('is told not before its time by Redis’ clock', async () => {
    const { schedules, observer } = givenSchedules(redis)
    await schedules.put('s', { every: '1s' }, scheduled('a'))
    const { nextDue: dueAt = NaN } = (await schedules.find('s')) ?? {}
    const asked = observer()
    expect(await asked.take()).toMatchObject({ due: [], next: dueAt })
    let taken = await asked.take()
    while (taken.due.length === 0 && taken.now < dueAt + 2000) taken = await asked.take()
    expect(taken.due).toMatchObject([{ dueAt }])
    expect(taken.now - dueAt).toBeGreaterThanOrEqual(0)
    expect(taken.now - dueAt).toBeLessThan(500)
  })

  it('is told to one process at a time, and to another when that one died', async () => {
    const { schedules, observer, makeDue } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const [one, two] = [observer(), observer()]
    expect((await one.take()).due).toHaveLength(1)
    const { due, next = NaN, now } = await two.take()
    expect(due).toEqual([])
    expect(next - now).toBeGreaterThan(0)
    expect(next - now).toBeLessThanOrEqual(500)
    await expect.poll(async () => (await two.take()).due).toHaveLength(1)
  })

  it('is enqueued once, however many processes were told of it', async () => {
    const { schedules, observer, makeDue, waiting } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const due = await takeOne(observer())
    const all = await Promise.all(Array.from({ length: 20 }, () => observer().enqueue(due)))
    const tasks = await waiting()
    expect(tasks).toMatchObject([{ task: 'echo', data: { message: 'a' }, state: 'waiting' }])
    expect(new Set(all.map((each) => each.outcome === 'enqueued' && each.run.id))).toEqual(
      new Set([tasks[0]?.id]),
    )
  })

  it('is not enqueued again when the task is finished and its record gone', async () => {
    const { schedules, observer, makeDue, waiting } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const due = await takeOne(observer())
    const first = await observer().enqueue(due)
    await redis.client.del('task:queue:default', '{task:queue:default}:tasks')
    expect(await observer().enqueue(due)).toMatchObject({
      outcome: 'enqueued',
      run: { id: 'run' in first && first.run.id },
    })
    expect(await waiting()).toEqual([])
  })

  it('is not enqueued again when its task is changed between the two steps of a run', async () => {
    const { schedules, observer, makeDue, waiting } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    await observer().enqueue(await takeOne(observer()))
    await schedules.put('s', hourly, scheduled('b'))
    await redis.client.del('{task:schedules}:turn')
    await observer().enqueue(await takeOne(observer()))
    expect(await waiting()).toMatchObject([{ data: { message: 'a' } }])
  })

  it('is moved on once', async () => {
    const { schedules, observer, makeDue } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    const dueAt = await makeDue('s', 0)
    const due = await takeOne(observer())
    expect(await observer().advance(due, dueAt + 5000)).toBe(true)
    expect(await observer().advance(due, dueAt + 9000)).toBe(false)
    expect((await schedules.find('s'))?.nextDue).toBe(dueAt + 5000)
  })

  it.each([
    ['was deleted', (s: ReturnType<typeof givenSchedules>) => s.schedules.remove('s')],
    ['was changed', (s: ReturnType<typeof givenSchedules>) => s.schedules.put('s', hourly, scheduled('b'))],
    [
      'went to another queue',
      (s: ReturnType<typeof givenSchedules>) => s.schedules.put('s', hourly, scheduled('a', 'q2')),
    ],
    [
      'was deleted and created again',
      async (s: ReturnType<typeof givenSchedules>) => {
        await s.schedules.remove('s')
        await s.schedules.put('s', hourly, scheduled('b'))
      },
    ],
  ])('is not enqueued by a process that was told of it before it %s', async (_case, change) => {
    const given = givenSchedules(redis)
    await given.schedules.put('s', hourly, scheduled('a'))
    await given.makeDue('s', 0)
    const due = await takeOne(given.observer())
    await change(given)
    expect(await given.observer().enqueue(due)).toEqual({ outcome: 'stale' })
    expect(await given.waiting()).toEqual([])
  })

  it('is refused for good once its queue was full: it is put off, and must not run twice', async () => {
    const { schedules, observer, makeDue, waiting } = givenSchedules(redis, { maxLength: 1 })
    await redis.client.lpush('task:queue:default', 'in the way')
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const due = await takeOne(observer())
    expect(await observer().enqueue(due)).toEqual({ outcome: 'full' })
    await redis.client.del('task:queue:default')
    expect(await observer().enqueue(due)).toEqual({ outcome: 'full' })
    expect(await waiting()).toEqual([])
    expect(await observer().enqueue({ ...due, dueAt: due.dueAt + 5000 })).toMatchObject({
      outcome: 'enqueued',
    })
  })

  it('is not enqueued by a process that slept too long', async () => {
    const { schedules, observer, makeDue, waiting } = givenSchedules(redis)
    await schedules.put('s', hourly, scheduled('a'))
    await makeDue('s', 0)
    const due = await takeOne(observer())
    expect(await observer().enqueue({ ...due, now: due.now - 10_001 })).toEqual({ outcome: 'stale' })
    expect(await waiting()).toEqual([])
  })
})
