import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Activity, ActivityReporter, parseActivity } from '../../src/queue/activity.js'
import { Connections } from '../../src/redis/connections.js'
import { givenListener } from '../support/listener.js'
import { recordingLog } from '../support/log.js'
import { TestRedis, useRedis } from '../support/redis.js'

const redis = useRedis()
const about = { action: 'taken', queue: 'tq', by: 'w1' } as const
let connections: Connections

beforeEach(async () => {
  connections = new Connections(redis.url, { log: recordingLog().log, fatal: () => undefined })
  await connections.ready(10_000)
})
afterEach(() => connections.close())

async function givenReporter() {
  const { messages } = await givenListener(redis, '{tq}:activity')
  const reports = () => messages.map((message) => parseActivity(message)).filter((each) => each !== undefined)
  const counted = () => reports().reduce((sum, { count }) => sum + count, 0)
  return { reporter: new ActivityReporter(connections.commands, about), reports, counted }
}

describe('a reporter', () => {
  it('tells of the first value at once', async () => {
    const { reporter, reports } = await givenReporter()
    reporter.report('a')
    await expect.poll(reports).toEqual([{ ...about, count: 1, value: 'a', at: expect.any(Number) as number }])
  })

  it('tells of a flood in a few reports that leave none out, the last value last', async () => {
    const { reporter, reports, counted } = await givenReporter()
    for (let i = 1; i <= 1000; i++) reporter.report(String(i))
    await expect.poll(counted).toBe(1000)
    expect(reports()).toHaveLength(2)
    expect(reports().at(-1)).toMatchObject({ count: 999, value: '1000' })
  })

  it('counts values that came together', async () => {
    const { reporter, counted } = await givenReporter()
    reporter.report('b', 7)
    await expect.poll(counted).toBe(7)
  })

  it('sends what is left when it stops, and nothing after', async () => {
    const { reporter, counted } = await givenReporter()
    reporter.report('a')
    reporter.report('b')
    await reporter.stop()
    await expect.poll(counted).toBe(2)
    await reporter.stop()
    expect(counted()).toBe(2)
  })

  it('cuts a long value', async () => {
    const { reporter, reports } = await givenReporter()
    reporter.report('x'.repeat(10_000))
    await vi.waitFor(() => expect(reports()[0]?.value).toBe(`${'x'.repeat(200)}…`))
  })

  it('drops what it cannot send, and nothing is harmed', async () => {
    const gone = new TestRedis()
    const lost = new Connections(gone.url, { log: recordingLog().log, fatal: () => undefined })
    const reporter = new ActivityReporter(lost.commands, about)
    reporter.report('a')
    reporter.report('b')
    await expect(reporter.stop()).resolves.toBeUndefined()
    lost.close()
    await gone.remove()
  })
})

describe('a report', () => {
  const report: Activity = { ...about, count: 1, value: 'x', at: 1 }

  it('is read again', () => {
    expect(parseActivity(JSON.stringify(report))).toEqual(report)
  })

  it('is cut to size and stripped of what does not belong, whoever sent it', () => {
    const long = 'x'.repeat(100_000)
    const odd = { ...report, kind: 'message', html: long, by: long, value: long, queue: long }
    const cut = `${'x'.repeat(200)}…`
    expect(parseActivity(JSON.stringify(odd))).toEqual({ ...report, by: cut, value: cut, queue: cut })
  })

  it.each([
    '',
    'nonsense',
    'null',
    '7',
    '[]',
    '{}',
    JSON.stringify({ ...report, action: 'eaten' }),
    JSON.stringify({ ...report, by: 7 }),
    JSON.stringify({ ...report, queue: null }),
    JSON.stringify({ ...report, value: { html: 1 } }),
    JSON.stringify({ ...report, count: '1' }),
    JSON.stringify({ ...report, count: -1 }),
    JSON.stringify({ ...report, at: null }),
    JSON.stringify({ ...report, at: 1e300 }),
  ])('is not %s', (text) => {
    expect(parseActivity(text)).toBeUndefined()
  })
})
