import type { NewTask } from '../queue/task-queue.js'
import type { Timing } from './timing.js'

/** What a schedule enqueues. */
export interface ScheduledTask {
  queue: string
  task: NewTask
  /** The task as it was asked for, without its data: that is in `task`. */
  request: Record<string, unknown>
}

/** A schedule as it was written down. Times are ms since 1970 by Redis' clock. */
export interface Schedule extends ScheduledTask {
  name: string
  timing: Timing
  /** Grows with each change; also the time of the last. */
  revision: number
  /** What `every` counts from. */
  anchor: number
}

/** A run of a schedule. */
export interface Run {
  /** The task's public id. */
  id: string
  /** When it was due, and when its task was seen to be enqueued. */
  dueAt: number
  at: number
}

/** A schedule with what became of it so far. */
export interface ScheduleRecord extends Schedule {
  /** Undefined when it is never due again. */
  nextDue: number | undefined
  lastRun: Run | undefined
}

/** Its value in Redis: `revision \t anchor \n timing \n task`, JSON that only this side reads; see put-schedule.lua. */
export function decodeSchedule(name: string, value: string): Schedule {
  const headEnd = value.indexOf('\n')
  const timingEnd = value.indexOf('\n', headEnd + 1)
  const [revision, anchor] = value.slice(0, headEnd).split('\t').map(Number) as [number, number]
  const timing = JSON.parse(value.slice(headEnd + 1, timingEnd)) as Timing
  return { name, revision, anchor, timing, ...(JSON.parse(value.slice(timingEnd + 1)) as ScheduledTask) }
}
