import type { FastifyReply, FastifyRequest } from 'fastify'
import { type DeadGroup, groupDead, groupedAtMost } from '../../queue/dead-reasons.js'
import type { Page, PageState } from '../../queue/task-inspector.js'
import { quietAtMostMs } from '../live/live.js'
import { toRow } from '../live/queue-watch.js'
import type { TaskBoard } from '../task-board.js'
import { dayChart } from './day-chart.js'

interface QueueQuery {
  state?: string
  cursor?: string
  /** What was done, and with how many, just before. */
  did?: string
  count?: string
}

/** A task in a list. */
interface TaskRow {
  /** None of a bare value. */
  id: string | undefined
  task: string
  priority: string
  at: number | undefined
  worker: string | undefined
  progress: number | undefined
  error: string | undefined
}

const states: PageState[] = ['waiting', 'delayed', 'active', 'dead']
const shownGroups = 50
const shownText = 200

/** `/queues/:name` for a browser: its lengths, its charts, and a page of its tasks of one state. */
export function queuePage(board: TaskBoard) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { name } = request.params as { name: string }
    const { state: wanted, cursor, did, count } = request.query as QueueQuery
    const state = states.find((each) => each === wanted) ?? 'waiting'
    const from = /^\d{1,12}$/.test(cursor ?? '') ? Number(cursor) : 0
    const [[summary], day, page, groups] = await Promise.all([
      board.summaries([name]),
      board.dayTraffic([name]),
      board.inspect(name).page(state, from),
      state === 'dead' ? deadGroups(board, name) : [],
    ])
    return reply.page('queue', {
      name,
      state,
      states,
      from,
      next: page.next,
      queue: summary && toRow(summary),
      day: dayChart(day),
      rows: page.tasks.map(toTaskRow),
      groups,
      groupedAtMost,
      quietAtMostMs,
      historyOf: name,
      did: ['retry', 'run', 'cancel', 'delete', 'none'].includes(did ?? '') ? did : undefined,
      didCount: /^\d{1,9}$/.test(count ?? '') ? Number(count) : 0,
    })
  }
}

async function deadGroups(board: TaskBoard, name: string): Promise<DeadGroup[]> {
  return groupDead(await board.deadReasons(name, groupedAtMost)).slice(0, shownGroups)
}

function toTaskRow(record: Page['tasks'][number]): TaskRow {
  const { id, task, priority, worker, progress, error, data } = record
  const bare = typeof data === 'string' ? data.slice(0, shownText) : ''
  return {
    id,
    task: id === undefined ? bare : task,
    priority,
    at: record.finishedAt ?? record.startedAt ?? record.dueAt ?? record.enqueuedAt,
    worker,
    progress,
    error: error && `${error.name}: ${error.message}`.slice(0, shownText),
  }
}
