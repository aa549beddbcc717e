import { publicId } from '../../queue/task-id.js'
import type { WorkerInfo } from '../../queue/workers.js'
import { visibleText } from '../../visible-text.js'

/** A tasks worker as pages show it; spans in ms. */
export interface WorkerRow {
  id: string
  name: string
  state: 'idle' | 'working' | 'blocked'
  concurrency: number
  /** The first of what it runs. */
  running: { id: string; task: string; sinceMs: number }[]
  runningCount: number
  heardMs?: number
}

/** Workers that pages show; the others are in `GET /workers`. */
export const shownWorkers = 100
const shownRunning = 5

/** What pages show of a worker. */
export function toWorkerRow(info: WorkerInfo, nowMs = Date.now()): WorkerRow {
  const { id, name, running, queues, handlers, concurrency, shownAt } = info
  const since = (ms: number) => Math.max(nowMs - ms, 0)
  return {
    id,
    name: visibleText(name),
    state: stateOf(info),
    concurrency,
    running: running.slice(0, shownRunning).map((task) => ({
      id: publicId(queues[task.queue] ?? '', task.id),
      task: handlers[task.handler] ?? '',
      sinceMs: since(task.startedAt),
    })),
    runningCount: running.length,
    ...(shownAt !== undefined && { heardMs: since(shownAt) }),
  }
}

/** What a worker is doing, in a word. */
export function stateOf({ blockedSince, running }: WorkerInfo): WorkerRow['state'] {
  if (blockedSince) return 'blocked'
  return running.length > 0 ? 'working' : 'idle'
}
