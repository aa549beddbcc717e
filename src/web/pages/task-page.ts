import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TaskRecord } from '../../queue/task-record.js'
import { quietAtMostMs } from '../live/live.js'
import { NoTaskError, parseId } from '../routes/task-errors.js'
import type { TaskBoard } from '../task-board.js'

/** A value that a page folds where it is long. */
interface LongText {
  text: string
  /** Characters of the whole. */
  length: number
  isLong: boolean
}

const foldedFrom = 2000
/** A page is no place for a megabyte: `GET /tasks/:id` has it whole. */
const shownAtMost = 50_000

/** `/tasks/:id` for a browser: all that is known of a task, and what can be done with it. */
export function taskPage(board: TaskBoard) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { id: taskId } = request.params as { id: string }
    const { queue, id } = parseId(taskId)
    const explained = await board.explain(queue, id)
    if (!explained) throw new NoTaskError(taskId)
    const { record, explanation } = explained
    return reply.page('task', {
      record,
      reasons: explanation.reasons,
      times: timesOf(record),
      input: longText(record.data),
      output: record.result === undefined ? undefined : longText(record.result),
      stack: record.error?.stack,
      actions: actionsOf(record),
      quietAtMostMs,
    })
  }
}

function timesOf(record: TaskRecord): { label: string; at: number }[] {
  const { enqueuedAt, dueAt, startedAt, finishedAt } = record
  const all = { enqueued: enqueuedAt, due: dueAt, started: startedAt, finished: finishedAt }
  return Object.entries(all).flatMap(([label, at]) => (at === undefined ? [] : { label, at }))
}

function actionsOf({ state }: TaskRecord): { path: string; label: string }[] {
  const [retry, run] = [
    { path: 'retry', label: 'retry' },
    { path: 'run', label: 'run' },
  ]
  const cancel = (label: string) => ({ path: 'cancel', label })
  switch (state) {
    case 'dead':
      return [retry, cancel('delete')]
    case 'cancelled':
      return [retry]
    case 'scheduled':
    case 'retrying':
      return [run, cancel('cancel')]
    case 'waiting':
    case 'active':
      return [cancel('cancel')]
    default:
      return []
  }
}

function longText(value: unknown): LongText {
  const text = typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)
  return { text: text.slice(0, shownAtMost), length: text.length, isLong: text.length > foldedFrom }
}
