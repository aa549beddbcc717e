import createError from '@fastify/error'
import { parsePublicId } from '../../queue/task-id.js'

export const NoTaskError = createError('NO_SUCH_TASK', 'there is no task %s, or its record has expired', 404)

/**
 * The parts of a public id.
 *
 * @throws {NoTaskError} for anything that is not one
 */
export function parseId(text: string): { queue: string; id: string } {
  const parsed = parsePublicId(text)
  if (!parsed) throw new NoTaskError(text)
  return parsed
}
