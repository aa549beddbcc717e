import { describe, expect, it } from 'vitest'
import { BadScheduleError, checkTiming, nextDue, type TimingRequest } from '../../src/schedules/timing.js'

const at = (iso: string): number => Date.parse(iso)

/** The first due times after a moment, as ISO 8601. */
function dueTimes(timing: TimingRequest, after: string, count: number): string[] {
  const times: number[] = []
  while (times.length < count) {
    times.push(nextDue(checkTiming(timing), at('2026-01-01T00:00:00.250Z'), times.at(-1) ?? at(after)) ?? NaN)
  }
  return times.map((ms) => new Date(ms).toISOString())
}

describe('a cron expression', () => {
  it('is due at whole minutes, strictly after the moment that is asked for', () => {
    expect(dueTimes({ cron: '*/5 * * * *' }, '2026-03-01T11:55:00.000Z', 3)).toEqual([
      '2026-03-01T12:00:00.000Z',
      '2026-03-01T12:05:00.000Z',
      '2026-03-01T12:10:00.000Z',
    ])
    expect(dueTimes({ cron: '*/5 * * * *' }, '2026-03-01T11:54:59.999Z', 1)).toEqual([
      '2026-03-01T11:55:00.000Z',
    ])
  })

  it('may have seconds, and names', () => {
    expect(dueTimes({ cron: '*/20 * * * * *' }, '2026-03-01T11:55:19.000Z', 2)).toEqual([
      '2026-03-01T11:55:20.000Z',
      '2026-03-01T11:55:40.000Z',
    ])
    expect(dueTimes({ cron: '@daily' }, '2026-03-01T11:55:19.000Z', 1)).toEqual(['2026-03-02T00:00:00.000Z'])
  })

  it('is UTC unless a time zone is given, whatever the machine is set to', () => {
    expect(dueTimes({ cron: '0 12 * * *' }, '2026-01-10T00:00:00Z', 1)).toEqual(['2026-01-10T12:00:00.000Z'])
    expect(dueTimes({ cron: '0 12 * * *', timezone: 'Asia/Tokyo' }, '2026-01-10T00:00:00Z', 1)).toEqual([
      '2026-01-10T03:00:00.000Z',
    ])
  })

  it('follows its time zone into summer time; a time in the gap is due right after it', () => {
    expect(dueTimes({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-03-28T00:00:00Z', 3)).toEqual([
      '2026-03-28T01:30:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
  })

  it('is due once at a time that comes twice when summer time ends', () => {
    expect(dueTimes({ cron: '30 2 * * *', timezone: 'Europe/Berlin' }, '2026-10-24T23:00:00Z', 2)).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  it('may never be due again', () => {
    expect(nextDue({ cron: '0 0 30 2 *', timezone: 'UTC' }, 0, 0)).toBeUndefined()
  })
})

describe('every so often', () => {
  it('counts from the anchor, not from the moment that is asked for', () => {
    expect(dueTimes({ every: '10s' }, '2026-01-01T00:00:13.777Z', 2)).toEqual([
      '2026-01-01T00:00:20.250Z',
      '2026-01-01T00:00:30.250Z',
    ])
    expect(dueTimes({ every: 10_000 }, '2026-01-01T00:00:20.250Z', 1)).toEqual(['2026-01-01T00:00:30.250Z'])
  })
})

describe('a wrong timing', () => {
  it.each<[TimingRequest, RegExp]>([
    [{}, /^cron, every: expected one of them, got none/],
    [{ cron: '* * * * *', every: '10s' }, /^cron, every: expected one of them, got both/],
    [{ cron: '* * * *' }, /^cron: expected five fields/],
    [{ cron: '61 * * * *' }, /^cron: .*minute: 61/],
    [{ cron: '' }, /^cron: /],
    [{ cron: '@reboot' }, /^cron: /],
    [{ cron: '2030-01-01T00:00:00' }, /^cron: /],
    [{ cron: `${'0,'.repeat(500)}0 * * * *` }, /^cron: /],
    [{ cron: '* * * * *', timezone: 'Mars/Olympus' }, /^timezone: expected an IANA name .*Mars/],
    [{ cron: '* * * * *', timezone: '' }, /^timezone: /],
    [{ every: '10s', timezone: 'UTC' }, /^timezone: /],
    [{ every: '999ms' }, /^every: expected a duration from 1s/],
    [{ every: '367d' }, /^every: /],
    [{ every: 'often' }, /^every: .*often/],
    [{ every: -5 }, /^every: /],
  ])('%j is refused with the field and what was expected', (timing, message) => {
    expect(() => checkTiming(timing)).toThrow(BadScheduleError)
    expect(() => checkTiming(timing)).toThrow(message)
  })
})
