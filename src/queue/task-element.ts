import { decodeTask, type StoredTask } from './envelope.js'

const idLength = 17

/**
 * What an element of a waiting or held list is, as `scripts/names.lua` has it: a ring wakes and means nothing, a
 * reference names a task, an inline task carries its value along, anything else is a bare value.
 */
export type TaskElement =
  | { kind: 'ring' }
  | { kind: 'reference'; id: string }
  | { kind: 'inline'; id: string; task: StoredTask }
  | { kind: 'bare' }

/** The element that names a task. */
export const referenceTo = (id: string): string => `\u0002${id}`

export function decodeElement(element: string): TaskElement {
  if (element === '\u0001') return { kind: 'ring' }
  const id = element.slice(1, idLength + 1)
  if (element.startsWith('\u0002') && element.length === idLength + 1) return { kind: 'reference', id }
  if (!element.startsWith('\u0003')) return { kind: 'bare' }
  // Only a task that was just enqueued goes inline, so no attempt of it has failed.
  return { kind: 'inline', id, task: decodeTask(id, 0, element.slice(idLength + 2)) }
}
