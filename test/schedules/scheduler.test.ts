import { describe, expect, it, onTestFinished } from 'vitest'
import { Connections } from '../../src/redis/connections.js'
import { DueSchedules } from '../../src/schedules/due-schedules.js'
import { Scheduler } from '../../src/schedules/scheduler.js'
import { recordingLog } from '../support/log.js'
import { useRedis } from '../support/redis.js'
import { givenSchedules, scheduled, takeOne } from '../support/schedules.js'

const redis = useRedis()
const tenSeconds = { every: '10s' }

describe('a scheduler', () => {
  it('makes up for what was missed with one run, and goes on as if nothing had been missed', async () => {
    const { schedules, start, makeDue, waiting } = givenSchedules(redis)
    await schedules.put('s', tenSeconds, scheduled('a'))
    const { anchor = NaN } = (await schedules.find('s')) ?? {}
    const dueAt = await makeDue('s', 3_600_000)
    start()
    await expect.poll(async () => (await schedules.find('s'))?.lastRun?.dueAt).toBe(dueAt)
    const { lastRun, nextDue = NaN } = (await schedules.find('s')) ?? {}
    expect(nextDue - (lastRun?.at ?? NaN)).toBeGreaterThan(0)
    expect(nextDue - (lastRun?.at ?? NaN)).toBeLessThanOrEqual(10_000)
    expect((nextDue - anchor) % 10_000).toBe(0)
    expect((await waiting()).map(({ id }) => id)).toEqual([lastRun?.id])
  })

  it('finishes what one that died began', async () => {
    const { schedules, start, makeDue, observer, waiting } = givenSchedules(redis)
    await schedules.put('s', tenSeconds, scheduled('a'))
    const dueAt = await makeDue('s', 0)
    const died = observer()
    await died.enqueue(await takeOne(died))
    start()
    await expect.poll(async () => (await schedules.find('s'))?.lastRun?.dueAt).toBe(dueAt)
    expect((await waiting()).map(({ id }) => id)).toEqual([(await schedules.find('s'))?.lastRun?.id])
  })

  it('enqueues in its queue, with its options and priority', async () => {
    const { schedules, start, makeDue } = givenSchedules(redis)
    const { task, request } = scheduled('a')
    await schedules.put('s', tenSeconds, {
      queue: 'q',
      task: { ...task, priority: 'high', options: { a: 7 } },
      request,
    })
    await makeDue('s', 0)
    start()
    await expect.poll(() => redis.client.llen('{task:queue:q}:high')).toBe(1)
    const [value] = await redis.client.hvals('{task:queue:q}:tasks')
    expect(value).toMatch(/^\d+\techo\t\{"a":7\}\n\{"message":"a"\}$/)
    expect(await redis.client.smembers('task:queues')).toEqual(['q'])
  })

  it('deals with more schedules than fit into one turn, each once, with others beside it', async () => {
    const { schedules, start, makeDue, waiting } = givenSchedules(redis)
    const names = Array.from({ length: 120 }, (_, n) => `s${n}`)
    await Promise.all(names.map((name) => schedules.put(name, tenSeconds, scheduled(name, name))))
    await Promise.all(names.map((name) => makeDue(name, 0)))
    for (let schedulers = 0; schedulers < 4; schedulers += 1) start()
    const runs = async () => (await schedules.all()).filter(({ lastRun }) => lastRun).length
    await expect.poll(runs, { timeout: 10_000 }).toBe(120)
    expect((await Promise.all(names.map((name) => waiting(name)))).map((tasks) => tasks.length)).toEqual(
      names.map(() => 1),
    )
  })

  it('puts a run off while its queue is full, and makes it once when there is room', async () => {
    const { schedules, start, makeDue, waiting, lines } = givenSchedules(redis, { maxLength: 1 })
    await redis.client.lpush('task:queue:default', 'in the way')
    await schedules.put('s', { every: '1h' }, scheduled('a'))
    await makeDue('s', 0)
    start()
    await expect.poll(() => lines.join('')).toContain('scheduled task put off')
    expect((await schedules.find('s'))?.lastRun).toBeUndefined()
    await redis.client.del('task:queue:default')
    await makeDue('s', 0)
    await expect.poll(async () => (await waiting()).length).toBe(1)
  })

  it('does not let one schedule whose queue is no list keep others from running', async () => {
    const { schedules, start, makeDue, waiting, lines } = givenSchedules(redis)
    await redis.client.set('task:queue:broken', 'a string')
    await schedules.put('s', tenSeconds, scheduled('a', 'broken'))
    await schedules.put('t', tenSeconds, scheduled('b'))
    await makeDue('s', 0)
    await makeDue('t', 0)
    start()
    await expect.poll(async () => (await waiting()).length).toBe(1)
    await expect.poll(() => lines.join('')).toContain('scheduled task put off')
    expect(await redis.client.exists('{task:queue:broken}:tasks')).toBe(0)
  })

  it('looks at once when it is told of a change, and then when that is due', async () => {
    const { schedules, start, waiting } = givenSchedules(redis)
    const scheduler = start(3_600_000)
    schedules.onChange(() => scheduler.wake())
    await schedules.put('s', { every: '1s' }, scheduled('a'))
    await expect.poll(async () => (await waiting()).length, { timeout: 5000 }).toBe(1)
    const { lastRun, anchor = NaN } = (await schedules.find('s')) ?? {}
    expect(lastRun?.dueAt).toBe(anchor + 1000)
  })

  it('does not miss a change that is made while it looks', async () => {
    let looks = 0
    const take = async () => {
      if ((looks += 1) === 1) scheduler.wake()
      return { now: 0, next: undefined, due: [] }
    }
    const due = { take } as unknown as DueSchedules
    const scheduler = new Scheduler({ due, log: recordingLog().log, idleMs: 3_600_000 })
    scheduler.start()
    await expect.poll(() => looks).toBe(2)
    await scheduler.stop()
  })

  it('goes on when Redis was away, and does not complain of that: others do', async () => {
    const { schedules, makeDue, waiting } = givenSchedules(redis)
    const { log, lines } = recordingLog()
    const connections = new Connections(redis.url, { log: recordingLog().log, fatal: () => undefined })
    onTestFinished(() => connections.close())
    await connections.ready(1000)
    await schedules.put('s', tenSeconds, scheduled('a'))
    const due = new DueSchedules(connections.commands, { maxLength: 0, maxBytes: 0 })
    const scheduler = new Scheduler({ due, log, idleMs: 50 })
    scheduler.start()
    onTestFinished(() => scheduler.stop())
    await redis.kill()
    await expect.poll(() => lines.join('')).toContain('trying again')
    await redis.start()
    await makeDue('s', 0)
    await expect.poll(async () => (await waiting()).length, { timeout: 10_000 }).toBe(1)
    expect(lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 40)).toEqual([])
  })

  it('says once that Redis refuses what it asks for, however often it tries', async () => {
    const { schedules, start, lines, makeDue } = givenSchedules(redis)
    await schedules.put('s', tenSeconds, scheduled('a'))
    await makeDue('s', 0)
    await redis.client.lpush('{task:schedules}:turn', 'not a string')
    start()
    const tries = () => lines.filter((line) => line.includes('trying again'))
    await expect.poll(() => tries().length, { timeout: 5000 }).toBe(2)
    expect(tries().map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([50, 20])
  })
})
