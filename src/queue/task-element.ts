import { decodeTask, type StoredTask } from './envelope.js'
import { idLength, isTaskId } from './task-id.js'

/**
 * What an element of a waiting or held list is, as `scripts/names.lua` has it: a ring wakes and means nothing, a
 * reference names a task, an inline task carries its value along, a started one was given to the consumer whose held list
 * it is in, anything else is a bare value.
 */
export type TaskElement =
  | { kind: 'ring' }
  | { kind: 'reference' | 'started'; id: string }
  | { kind: 'inline'; id: string; task: StoredTask }
  | { kind: 'bare' }

/** Wakes whoever is blocked on a list. */
export const ring = '\u0001ring'

/** The element that names a task. */
export const referenceTo = (id: string): string => `\u0002${id}`

/** The element of a held list that names a task which its consumer was told to start. */
export const startedElement = (id: string): string => `\u0004${id}`

/** Never throws: a bare value may begin with any byte. */
export function decodeElement(element: string): TaskElement {
  if (element === ring) return { kind: 'ring' }
  const id = element.slice(1, idLength + 1)
  const rest = element.slice(idLength + 1)
  if (!isTaskId(id)) return { kind: 'bare' }
  if (element.startsWith('\u0002') && rest === '') return { kind: 'reference', id }
  if (element.startsWith('\u0004') && rest === '') return { kind: 'started', id }
  if (!element.startsWith('\u0003') || !rest.startsWith('\n')) return { kind: 'bare' }
  // Only a task that was just enqueued goes inline, so no attempt of it has failed.
  return { kind: 'inline', id, task: decodeTask(id, 0, rest.slice(1)) }
}

/** The id of the task that an element stands for; undefined if it is none. */
export function idIn(element: string): string | undefined {
  const decoded = decodeElement(element)
  return 'id' in decoded ? decoded.id : undefined
}
