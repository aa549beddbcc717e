import createError from '@fastify/error'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { parsePublicId } from '../../queue/task-id.js'
import type { Durability, DurabilityLevel } from '../../redis/durability.js'
import type { TaskBoard } from '../task-board.js'

/** `?durability=`: answer only when the work is on disk, or on a replica. */
export const DurabilityLevelSchema = Type.Optional(
  Type.Enum(['fsync', 'replica'], { description: 'answer only when the work is on disk, or on a replica' }),
)

const notReached =
  'the work was taken, but is not known to be durable (%s) yet: ask for it, or send it again with the same key'
export const NotReachedError = createError('DURABILITY_NOT_REACHED', notReached, 503)

/** Of one task, or of several. */
type Answer = Taken & { tasks?: Taken[] }
export interface Taken {
  /** Of what was refused; it has no id. */
  statusCode?: number
  id?: string
}

export interface DurableOptions {
  durability: Durability
  board: TaskBoard
  resultTtlMs: number
}

/** Records that are kept for less may be gone before they are looked for. */
const shortTtlMs = 10_000

/**
 * The 202 that an answer is sent with, once what it promises is as durable as was asked; says so then.
 *
 * @throws DURABILITY_NOT_REACHED
 */
export function accepted<T extends Answer>(
  answer: T,
  reply: FastifyReply,
  options: DurableOptions,
): T | Promise<T> {
  const { durability: level } = reply.request.query as { durability?: DurabilityLevel }
  reply.code(202)
  if (!level) return answer
  return untilDurable(answer, level, options).then(() => {
    reply.header('durability', level)
    return answer
  })
}

async function untilDurable({ tasks, ...one }: Answer, level: DurabilityLevel, options: DurableOptions) {
  if (!(await areDurable(tasks ?? [one], level, options))) throw new NotReachedError(level)
}

/** Whether what was taken in has become that durable, after waiting for it. */
export async function areDurable(
  taken: Taken[],
  level: DurabilityLevel,
  options: DurableOptions,
): Promise<boolean> {
  const last = [...lastByQueue(taken)]
  const durable = await Promise.all(last.map(([queue, id]) => isDurable({ level, queue, id }, options)))
  return !durable.includes(false)
}

// A queue's tasks are written in the order of the request.
function lastByQueue(taken: Taken[]): Map<string, string> {
  const parsed = taken.flatMap(({ id = '' }) => parsePublicId(id) ?? [])
  return new Map(parsed.map(({ queue, id }) => [queue, id]))
}

interface Asked {
  level: DurabilityLevel
  queue: string
  id: string
}

async function isDurable({ level, queue, id }: Asked, { durability, board, resultTtlMs }: DurableOptions) {
  const inspector = board.inspect(queue)
  if (!(await durability.reached(level, inspector.list))) return false
  // A replica may have become the master in between, and have taken the mark but not the tasks before it.
  return resultTtlMs < shortTtlMs || (await inspector.find(id)) !== undefined
}
