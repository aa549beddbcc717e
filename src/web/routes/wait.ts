import { setTimeout as sleep } from 'node:timers/promises'
import type { TaskRecord } from '../../queue/task-record.js'

const firstPauseMs = 25
const longestPauseMs = 500
const finished = new Set(['done', 'dead', 'cancelled'])

export interface Patience {
  ms: number
  /** Ends it earlier. */
  signal: AbortSignal
}

/** Looks again and again, ever less often, until a task has finished or the time is up; what it saw last. */
export async function untilFinished(
  look: () => Promise<TaskRecord | undefined>,
  { ms, signal }: Patience,
): Promise<TaskRecord | undefined> {
  const deadline = Date.now() + ms
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
    const record = await look()
    const leftMs = deadline - Date.now()
    if (!record || finished.has(record.state) || leftMs <= 0) return record
    await sleep(Math.min(pauseMs, leftMs), undefined, { signal }).catch(() => undefined)
    if (signal.aborted) return record
  }
}
