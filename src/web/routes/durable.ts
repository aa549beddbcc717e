import createError from '@fastify/error'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Durability, DurabilityLevel } from '../../redis/durability.js'

/** `?durability=`: answer only when the work is on disk, or on a replica. */
export const DurabilityLevelSchema = Type.Optional(
  Type.Enum(['fsync', 'replica'], { description: 'answer only when the work is on disk, or on a replica' }),
)

const NotReachedError = createError(
  'DURABILITY_NOT_REACHED',
  'the work was taken, but is not known to be durable (%s) yet: ask for it, or send it again with the same key',
  503,
)

/** For a route's `onSend`: holds a 202 back until what it promises is as durable as was asked, and says so. */
export function untilDurable(durability: Durability) {
  return async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const { durability: level } = request.query as { durability?: DurabilityLevel }
    if (!level || reply.statusCode !== 202 || typeof payload !== 'string') return payload
    if (!(await durability.reached(level))) throw new NotReachedError(level)
    reply.header('durability', level)
    return payload
  }
}
