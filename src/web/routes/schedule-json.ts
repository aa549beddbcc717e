import type { ScheduleRecord } from '../../schedules/schedule.js'
import { nextDue } from '../../schedules/timing.js'

const upcoming = 5

/** A schedule as JSON has it: its task as it was asked for, times as ISO 8601. */
export function scheduleJson({
  name,
  timing,
  task,
  request,
  revision,
  nextDue: next,
  lastRun,
}: ScheduleRecord) {
  return {
    name,
    ...timing,
    task: { ...request, data: JSON.parse(task.data) as unknown },
    changedAt: iso(revision),
    nextRun: next === undefined ? null : iso(next),
    lastRun: lastRun ? { task: lastRun.id, dueAt: iso(lastRun.dueAt), enqueuedAt: iso(lastRun.at) } : null,
  }
}

/** The next due times, five at most. */
export function upcomingRuns({ timing, anchor, nextDue: next }: ScheduleRecord): string[] {
  const runs: number[] = []
  for (let due = next; due !== undefined && runs.length < upcoming; due = nextDue(timing, anchor, due))
    runs.push(due)
  return runs.map(iso)
}

const iso = (ms: number): string => new Date(ms).toISOString()
