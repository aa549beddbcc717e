import type { Attempt } from './envelope.js'
import type { StoredError } from './stored-error.js'
import type { Priority } from './task-id.js'

export type TaskState = 'scheduled' | 'waiting' | 'active' | 'retrying' | 'done' | 'dead' | 'cancelled'

/** A task as people and programs see it. Times are ms since 1970 by Redis' clock. */
export interface TaskRecord {
  /** The public one: `<queue>.<id>`. */
  id: string
  /** Name of the handler; empty for a bare value. */
  task: string
  queue: string
  state: TaskState
  priority: Priority
  /** The attempt that runs, or the last that did; 0 before the first. */
  attempt: number
  /** The input; for a bare value the value. */
  data: unknown
  /** What a memcached client gave to a bare value, if not 0. */
  flags?: number
  /** Of a bare value whose bytes are not UTF-8: how they are written in `data`. */
  encoding?: 'base64'
  enqueuedAt: number
  /** When it is due, if it is scheduled or retrying. */
  dueAt?: number
  startedAt?: number
  finishedAt?: number
  worker?: string
  /** A fraction from 0 to 1. */
  progress?: number
  note?: string
  result?: unknown
  error?: StoredError
  /** Failed attempts, oldest first; the last 20. */
  attempts: Attempt[]
}
