import { publicId } from '../../queue/task-id.js'
import { visibleText } from '../../visible-text.js'

/** What became of a task, as pages are told of it. */
export interface TaskEvent {
  /** The public one. */
  id: string
  queue: string
  state: string
  /** From 0 to 1. */
  progress?: number
  note?: string
}

/**
 * Reads a message of the changes channel (`queue/scripts/events.lua`), where anyone may publish; what is none is passed
 * over.
 */
export function parseChanges(message: string): TaskEvent[] {
  try {
    const { queue, changes } = JSON.parse(message) as { queue?: unknown; changes?: unknown }
    if (typeof queue !== 'string' || !Array.isArray(changes)) return []
    return changes.flatMap((change) => toEvent(queue, change) ?? [])
  } catch {
    return []
  }
}

function toEvent(queue: string, change: unknown): TaskEvent | undefined {
  const [id, state, progress, note] = Array.isArray(change) ? (change as unknown[]) : []
  if (typeof id !== 'string' || typeof state !== 'string') return undefined
  return {
    id: publicId(queue, id),
    queue,
    state,
    ...(typeof progress === 'number' && { progress }),
    ...(typeof note === 'string' && note !== '' && { note: visibleText(note) }),
  }
}
