import { randomInt } from 'node:crypto'
import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'

/** 400 with a message that names the field. */
export const BadInputError = createError('BAD_INPUT', '%s', 400)

/** What the demo's links send. */
export const randomDigit = (): string => String(randomInt(10))

/** Whether the body came from an HTML form (or curl's -d). */
export const isForm = ({ headers }: FastifyRequest): boolean =>
  headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true

/** Deeper than any sensible value, and far from what would overflow the stack of JSON.stringify. */
const maxDepth = 500

/**
 * A value as it goes into Redis: strings and numbers as they are, other JSON as JSON text.
 *
 * @throws {BadInputError} for a number that JSON.parse has already rounded, or a value nested too deep
 */
export function asText(value: unknown, field: string): string {
  refuseDeep(value, field)
  refuseRounded(value, field)
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}

// Level by level, for recursion is what such a value would overflow.
function refuseDeep(value: unknown, field: string): void {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw new BadInputError(`${field}: nested more than ${maxDepth} levels deep`)
    level = level.flatMap(childrenOf)
  }
}

const childrenOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

function refuseRounded(value: unknown, field: string): void {
  if (typeof value === 'number' && !isExact(value)) {
    throw new BadInputError(`${field}: expected integers below 2^53, larger ones as strings`)
  }
  if (typeof value !== 'object' || value === null) return
  for (const [name, child] of Object.entries(value)) refuseRounded(child, `${field}.${name}`)
}

// JSON.parse reads 1e400 as Infinity, which JSON cannot write.
const isExact = (value: number): boolean =>
  Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
