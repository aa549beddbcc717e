import { randomInt } from 'node:crypto'
import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'

/** 400 with a message that names the field. */
export const BadInputError = createError('BAD_INPUT', '%s', 400)

/** What the demo's links send. */
export const randomDigit = (): string => String(randomInt(10))

/** Whether the body came from an HTML form (or curl's -d). */
export const isForm = ({ headers }: FastifyRequest): boolean =>
  headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true

/**
 * A value as it goes into Redis: strings and numbers as they are, other JSON as JSON text.
 *
 * @throws {BadInputError} for an integer that JSON.parse has already rounded
 */
export function asText(value: unknown, field: string): string {
  refuseRounded(value, field)
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

function refuseRounded(value: unknown, field: string): void {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new BadInputError(`${field}: expected integers below 2^53, larger ones as strings`)
  }
  if (typeof value !== 'object' || value === null) return
  for (const [name, child] of Object.entries(value)) refuseRounded(child, `${field}.${name}`)
}
