import { randomBytes } from 'node:crypto'
import createError from '@fastify/error'
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { queueNamePattern } from '../../queue/names.js'
import { inexactness } from '../../exact-json.js'
import { type Registry, toPositiveMs } from '../../handlers/registry.js'
import { Custodian, type CustodianOptions } from '../../queue/custodian.js'
import { failed, succeeded } from '../../queue/outcome.js'
import type { RetryPolicy } from '../../queue/retry-policy.js'
import type { Outcome, Recovered, TaskConsumer } from '../../queue/task-consumer.js'
import { priorityOf, publicId } from '../../queue/task-id.js'
import { clientSignal } from '../client-signal.js'
import { Line } from '../line.js'
import type { TaskBoard } from '../task-board.js'
import { BadInputError } from './payload.js'
import { exactly } from './schemas.js'
import { taskJson } from './task-json.js'

export interface LeasesOptions {
  board: TaskBoard
  handlers: Registry
  log: FastifyBaseLogger
}

const LeaseLostError = createError('LEASE_LOST', 'the lease has ended, or its task is settled already', 409)

const seconds = (most: number) =>
  Type.String({ pattern: '^[0-9]{1,5}$', description: `seconds, ${most} at most` })
const maxWaitSeconds = 60
const maxLeaseSeconds = 3600
const defaultLeaseSeconds = 30

const Queue = Type.Object({ name: Type.String({ pattern: queueNamePattern }) })
const Reserve = exactly({
  wait: Type.Optional(seconds(maxWaitSeconds)),
  lease: Type.Optional(seconds(maxLeaseSeconds)),
})
const Lease = Type.Object({ lease: Type.String() })
const Ack = Type.Union([exactly({ result: Type.Optional(Type.Any()) }), Type.Null()])
const Fail = Type.Union([
  exactly({ error: Type.Optional(Type.String()), retry: Type.Optional(Type.Boolean()) }),
  Type.Null(),
])
const Extend = Type.Union([
  exactly({ for: Type.Optional(Type.Union([Type.Integer({ minimum: 1 }), Type.String()])) }),
  Type.Null(),
])

interface ReserveRequest {
  Params: { name: string }
  Querystring: { wait?: string; lease?: string }
}
interface LeaseRequest<Body> {
  Params: { lease: string }
  Body: Body | null | undefined
}

/** A consumer in any language: takes one task for a while, then settles it. */
export async function leaseRoutes(app: FastifyInstance, options: LeasesOptions): Promise<void> {
  const { board, handlers } = options
  const policyOf = (name: string) => handlers.get(name)?.policy
  const custodian = createCustodian(options, policyOf)
  app.addHook('onReady', async () => custodian.start())
  app.addHook('onClose', () => custodian.stop())
  const lines: Lines = new Map()
  app.post<ReserveRequest>(
    '/queues/:name/reserve',
    { schema: { summary: 'Take one task on a lease', params: Queue, querystring: Reserve } },
    (request, reply) =>
      reserve(request, reply, { board, lines, onLent: (queue) => custodian.lookAfter(queue) }),
  )
  const schema = { params: Lease }
  app.post<LeaseRequest<{ result?: unknown }>>(
    '/leases/:lease/ack',
    { schema: { ...schema, body: Ack, summary: 'Its work is done' } },
    ({ params, body }) => {
      const mistake = inexactness(body?.result, 'body.result')
      if (mistake) throw new BadInputError(mistake)
      return settle(params.lease, board, () => succeeded(body?.result))
    },
  )
  app.post<LeaseRequest<{ error?: string; retry?: boolean }>>(
    '/leases/:lease/fail',
    { schema: { ...schema, body: Fail, summary: 'It has failed: try again, or not' } },
    ({ params, body }) =>
      settle(params.lease, board, (held) => failure(held, body ?? {}, policyOf(held.task.name))),
  )
  app.post<LeaseRequest<{ for?: string | number }>>(
    '/leases/:lease/extend',
    { schema: { ...schema, body: Extend, summary: 'It takes longer' } },
    ({ params, body }) => extend(params.lease, board, body?.for ?? `${defaultLeaseSeconds}s`),
  )
}

function createCustodian({ board, log }: LeasesOptions, policyOf: CustodianOptions['policyOf']): Custodian {
  const self = randomBytes(16).toString('base64url')
  return new Custodian({
    consumerOf: (queue) => board.lease(queue, self),
    findForsaken: () => board.forsaken(),
    log,
    policyOf,
  })
}

type Lines = Map<string, Line<Lent>>
interface Lent {
  lease: string
  consumer: TaskConsumer
  taken: NonNullable<Awaited<ReturnType<TaskConsumer['lend']>>>
}

async function reserve(
  { params, query }: FastifyRequest<ReserveRequest>,
  reply: FastifyReply,
  { board, lines, onLent }: { board: TaskBoard; lines: Lines; onLent: (queue: string) => void },
) {
  const leaseMs = inSeconds('lease', query.lease ?? String(defaultLeaseSeconds), [1, maxLeaseSeconds])
  const ms = inSeconds('wait', query.wait ?? '0', [0, maxWaitSeconds])
  const { name } = params
  const signal = clientSignal(reply)
  const line = lines.get(name) ?? new Line<Lent>()
  lines.set(name, line)
  const lent = await line
    .wait(() => lend(board, name, leaseMs), { ms, signal })
    .finally(() => {
      if (line.isEmpty) lines.delete(name)
    })
  if (!lent) return reply.code(204).send()
  onLent(name)
  // Nobody has heard of it: it goes back, no attempt counted.
  if (signal.aborted) await lent.consumer.leave()
  return { lease: lent.lease, expiresAt: iso(lent.taken.endsAt), task: await taskOf(lent, board) }
}

async function lend(board: TaskBoard, queue: string, leaseMs: number): Promise<Lent | undefined> {
  const secret = randomBytes(16).toString('base64url')
  const consumer = board.lease(queue, secret)
  const taken = await consumer.lend(leaseMs)
  return taken && { lease: encodeLease(queue, secret, taken.task.id), consumer, taken }
}

// What was just taken is known but for the attempts before.
async function taskOf({ consumer, taken: { task, takenAt } }: Lent, board: TaskBoard) {
  const { failed, id, name, data, enqueuedAt } = task
  if (failed > 0) return taskJson((await board.inspect(consumer.queue).find(id)) ?? {})
  return taskJson({
    id: publicId(consumer.queue, id),
    task: name,
    queue: consumer.queue,
    priority: priorityOf(id),
    data: name === '' ? data : (JSON.parse(data) as unknown),
    enqueuedAt,
    attempts: [],
    attempt: 1,
    state: 'active',
    startedAt: takenAt,
    worker: consumer.id,
  })
}

async function settle(lease: string, board: TaskBoard, outcomeOf: (held: Recovered) => Outcome) {
  const { consumer, id } = decodeLease(lease, board)
  const held = await consumer.heldTask(id)
  if (!held) throw new LeaseLostError()
  const { attempt, startedAt = 0 } = held.mark
  // Sent at once, done in this order.
  const [lost, , record] = await Promise.all([
    consumer.settle([{ id, attempt, startedAt, outcome: outcomeOf(held) }]),
    consumer.keepLease(0),
    board.inspect(consumer.queue).find(id),
  ])
  if (lost.length > 0) throw new LeaseLostError()
  return record ? taskJson(record) : {}
}

function failure(
  { task, mark }: Recovered,
  { error = 'failed by its consumer', retry = true }: { error?: string; retry?: boolean },
  policy: RetryPolicy | undefined,
) {
  const { consumer: worker, startedAt = 0 } = mark
  return failed(task, error, { worker, startedAt, endedAt: Date.now(), canRetry: retry, policy })
}

async function extend(lease: string, board: TaskBoard, given: string | number) {
  const { consumer, id } = decodeLease(lease, board)
  const leaseMs = milliseconds(given)
  if (!(await consumer.heldTask(id))) throw new LeaseLostError()
  const { now } = await consumer.heartbeat(leaseMs)
  return { lease, expiresAt: iso(now + leaseMs) }
}

function milliseconds(given: string | number): number {
  try {
    return Math.min(toPositiveMs('body.for', given), maxLeaseSeconds * 1000)
  } catch (error) {
    throw new BadInputError((error as Error).message)
  }
}

function inSeconds(field: string, given: string, [least, most]: [number, number]): number {
  if (Number(given) >= least && Number(given) <= most) return Number(given) * 1000
  throw new BadInputError(`querystring.${field}: expected ${least} to ${most} seconds, got ${given}`)
}

const iso = (ms: number): string => new Date(ms).toISOString()

// Opaque to clients: the queue, a secret that cannot be guessed and is shown nowhere, and the task.
function encodeLease(queue: string, secret: string, id: string): string {
  return Buffer.from([queue, secret, id].join('\n')).toString('base64url')
}

function decodeLease(lease: string, board: TaskBoard): { consumer: TaskConsumer; id: string } {
  const [queue, secret, id] = Buffer.from(lease, 'base64url').toString().split('\n')
  if (!queue || !secret || !id) throw new LeaseLostError()
  return { consumer: board.lease(queue, secret), id }
}
