import { randomInt } from 'node:crypto'
import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'
import { inexactness } from '../../exact-json.js'

/** 400 with a message that names the field. */
export const BadInputError = createError('BAD_INPUT', '%s', 400)

/** What the demo's links send. */
export const randomDigit = (): string => String(randomInt(10))

/** Whether the body came from an HTML form (or curl's -d). */
export const isForm = ({ headers }: FastifyRequest): boolean =>
  headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded') === true

/**
 * Whether nothing was sent.
 *
 * @throws {BadInputError} for the JSON `null`, which is something; Fastify's check takes it for nothing
 */
export function isNothing(body: unknown): body is undefined | null | '' {
  if (body === null) throw new BadInputError('body: expected to be object')
  return body === undefined || body === ''
}

/**
 * A value as it goes into Redis: strings and numbers as they are, other JSON as JSON text.
 *
 * @throws {BadInputError} for what cannot be written as it was sent; see {@link inexactness}
 */
export function asText(value: unknown, field: string): string {
  const mistake = inexactness(value, field)
  if (mistake) throw new BadInputError(mistake)
  if (typeof value === 'string') return value
  return typeof value === 'number' ? String(value) : JSON.stringify(value)
}
