import type { Attempt } from '../../queue/envelope.js'
import type { TaskRecord } from '../../queue/task-record.js'

/** A time in ms since 1970 as ISO 8601. Tasks that were taken together have it in common: it is written once. */
export function isoTime(ms: number): string {
  if (ms !== lastTime.ms) lastTime = { ms, text: new Date(ms).toISOString() }
  return lastTime.text
}

let lastTime = { ms: 0, text: new Date(0).toISOString() }

/** A task's record, or what is known of it, as JSON has it: times as ISO 8601. */
export function taskJson(record: Partial<TaskRecord>) {
  const { enqueuedAt, dueAt, startedAt, finishedAt, attempts, ...rest } = record
  return {
    ...rest,
    ...times({ enqueuedAt, dueAt, startedAt, finishedAt }),
    ...(attempts && { attempts: attempts.map((each) => ({ ...each, ...times(pick(each)) })) }),
  }
}

const pick = ({ startedAt, endedAt }: Attempt) => ({ startedAt, endedAt })

function times(given: Record<string, number | undefined>): Record<string, string> {
  const known = Object.entries(given).filter((entry): entry is [string, number] => entry[1] !== undefined)
  return Object.fromEntries(known.map(([name, ms]) => [name, isoTime(ms)]))
}
