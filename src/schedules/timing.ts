import { Cron } from 'croner'
import { durationPattern, parseDuration } from '../units.js'

/** When a schedule is due: by a cron expression in a time zone, or each time so long after the last. */
export type Timing = { cron: string; timezone: string } | { every: string | number }

/** A timing as a program asks for it. */
export interface TimingRequest {
  cron?: string
  timezone?: string
  every?: string | number
}

/** A schedule that cannot be taken; the message names the field and what was expected. */
export class BadScheduleError extends Error {
  override name = 'BadScheduleError'
  readonly code = 'BAD_SCHEDULE'
}

// Below a second a late look at the schedules would skip due times; above a year a cron expression says it better.
const minEveryMs = 1000
const maxEveryMs = 366 * 86_400_000
const maxCronLength = 200

/**
 * Checks a timing and fills in its default, the time zone UTC.
 *
 * @throws {BadScheduleError}
 */
export function checkTiming({ cron, timezone, every }: TimingRequest): Timing {
  if ((cron === undefined) === (every === undefined)) {
    throw new BadScheduleError(
      `cron, every: expected one of them, got ${cron === undefined ? 'none' : 'both'}`,
    )
  }
  if (cron !== undefined) return { cron: checkedCron(cron), timezone: checkedTimezone(timezone ?? 'UTC') }
  if (timezone !== undefined)
    throw new BadScheduleError('timezone: expected only with cron, got it with every')
  return { every: checkedEvery(every as string | number) }
}

/**
 * The first due time after a moment; undefined if there is none any more. It depends on nothing else, so that every
 * process finds the same, and no delay adds up. Where clocks are put forward or back, croner decides: a fixed time
 * in the gap is due right after it, a fixed time that comes twice is due once.
 *
 * @param anchorMs what `every` counts from, ms since 1970 by Redis' clock
 */
export function nextDue(timing: Timing, anchorMs: number, afterMs: number): number | undefined {
  if ('cron' in timing) return parseCron(timing.cron, timing.timezone).nextRun(new Date(afterMs))?.getTime()
  const everyMs = parseDuration(String(timing.every))
  return anchorMs + (Math.floor((afterMs - anchorMs) / everyMs) + 1) * everyMs
}

// Without a function croner sets no timer: it only computes.
const parseCron = (cron: string, timezone: string) => new Cron(cron, { timezone, mode: '5-or-6-parts' })

function checkedCron(cron: string): string {
  const expected = 'five fields such as */5 * * * *, six with seconds first, or a name such as @daily'
  // Croner takes an instant too, which would be a task with `at` and not a schedule.
  if (cron.length > maxCronLength || !/\s|^@/.test(cron.trim())) throw bad('cron', expected, cron)
  try {
    parseCron(cron, 'UTC')
    return cron
  } catch (error) {
    const reason = (error as Error).message.replace(/^CronPattern: /, '')
    throw new BadScheduleError(`cron: expected ${expected}, got ${quote(cron)}: ${reason}`, { cause: error })
  }
}

function checkedTimezone(timezone: string): string {
  try {
    Intl.DateTimeFormat('en', { timeZone: timezone })
    parseCron('* * * * *', timezone).nextRun()
    return timezone
  } catch {
    throw bad('timezone', 'an IANA name such as Europe/Berlin', timezone)
  }
}

function checkedEvery(every: string | number): string | number {
  const ms = new RegExp(durationPattern).test(String(every)) ? parseDuration(String(every)) : NaN
  if (ms >= minEveryMs && ms <= maxEveryMs) return every
  throw bad('every', 'a duration from 1s to 366d such as 10s, 5m or 1h', every)
}

function bad(field: string, expected: string, got: string | number): BadScheduleError {
  return new BadScheduleError(`${field}: expected ${expected}, got ${quote(got)}`)
}

const quote = (got: string | number): string => JSON.stringify(got).slice(0, maxCronLength)
