import { BadTaskError, type EnqueueSettings, settingsToTask } from '../handlers/intake.js'
import type { ScheduledTask, ScheduleRecord } from '../schedules/schedule.js'
import type { Timing } from '../schedules/timing.js'

/** A task as a schedule enqueues it: the handler's name, its input, and how it is to be tried. */
export interface TaskToSchedule extends Omit<EnqueueSettings, 'delay' | 'at'> {
  task: string
  /** The handler's input, as JSON. */
  data?: unknown
}

/** A schedule, and what became of it so far. Times are ms since 1970 by Redis' clock. */
export interface ScheduleInfo {
  name: string
  /** A cron expression in a time zone, or the time from one run to the next. */
  timing: Timing
  task: TaskToSchedule
  changedAt: number
  /** Undefined when it is never due again. */
  nextRunAt: number | undefined
  /** The last run: its task's id, when it was due, and when it was enqueued. */
  lastRun: { task: string; dueAt: number; enqueuedAt: number } | undefined
}

/** A task of a schedule as the book of schedules has it. @throws {BadTaskError} */
export function toScheduled(queue: string, { task: name, data, ...settings }: TaskToSchedule): ScheduledTask {
  for (const field of ['delay', 'at'] as const) {
    if (field in settings) throw new BadTaskError(`${field}: not for a schedule, which says when`)
  }
  const task = settingsToTask(name, data, settings)
  return { queue, task, request: { task: name, queue, ...settings } }
}

/** What a program is told of a schedule. */
export function toInfo({
  name,
  timing,
  task,
  request,
  revision,
  nextDue,
  lastRun,
}: ScheduleRecord): ScheduleInfo {
  const { queue: _queue, ...asked } = request
  return {
    name,
    timing,
    task: { ...asked, task: task.name, data: JSON.parse(task.data) as unknown },
    changedAt: revision,
    nextRunAt: nextDue,
    lastRun: lastRun && { task: lastRun.id, dueAt: lastRun.dueAt, enqueuedAt: lastRun.at },
  }
}
