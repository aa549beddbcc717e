import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { queueNamePattern } from '../../queue/names.js'
import { actOnMany, type BulkAction, type BulkTarget, countTargets } from '../bulk.js'
import type { TaskBoard } from '../task-board.js'
import { bodyOf, ErrorAnswer, exactly } from './schemas.js'

export interface BulkOptions {
  board: TaskBoard
  resultTtlMs: number
}

const TargetError = createError('BAD_TARGET', '%s', 400)

const Params = Type.Object({ name: Type.String({ pattern: queueNamePattern }) })
const maxIds = 1000
const Id = Type.String({ maxLength: 200 })
const Action = Type.Enum(['retry', 'run', 'cancel', 'delete'])
const target = {
  state: Type.Optional(Type.Enum(['waiting', 'delayed', 'dead'], { description: 'all of this state…' })),
  task: Type.Optional(Type.String({ description: '…of the newest 1,000 dead those of this task…' })),
  error: Type.Optional(Type.String({ description: '…and this error, as the page groups them' })),
}
const Ids = Type.Array(Id, { minItems: 1, maxItems: maxIds })
const JsonBody = exactly({ do: Action, ids: Type.Optional(Ids), ...target })
/** The state whose tasks a browser was shown. */
const back = Type.Optional(Type.Enum(['waiting', 'delayed', 'active', 'dead']))
// One checked box is sent as a text, several as an array.
const FormBody = exactly({ do: Action, ids: Type.Optional(Type.Union([Id, Ids])), ...target, back })
const ConfirmQuery = exactly({
  do: Type.Enum(['retry', 'run', 'cancel', 'delete', 'pause', 'resume']),
  ids: Type.Optional(Type.Union([Id, Ids])),
  ...target,
  back,
})

interface ByName {
  Params: { name: string }
}
type Target = Omit<BulkTarget, 'ids'> & { ids?: string | string[]; back?: string }
interface ActRequest extends ByName {
  Body: Target & { do: BulkAction }
}
interface ConfirmRequest extends ByName {
  Querystring: Target & { do: BulkAction | 'pause' | 'resume' }
}

/** The states that an action is for. */
const statesOf: Record<BulkAction, readonly string[]> = {
  retry: ['dead'],
  run: ['delayed'],
  cancel: [],
  delete: ['waiting', 'delayed', 'dead'],
}

/** `POST /queues/:name/tasks`: the same with many tasks; and the page that asks before. */
export async function bulkRoutes(app: FastifyInstance, options: BulkOptions): Promise<void> {
  app.post<ActRequest>(
    '/queues/:name/tasks',
    {
      schema: {
        summary: 'Retry, run now, cancel or delete many tasks: those named, or all of a state',
        params: Params,
        body: bodyOf(JsonBody, FormBody),
        response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
      },
    },
    (request, reply) => act(request, reply, options),
  )
  app.get<ConfirmRequest>(
    '/queues/:name/confirm',
    { schema: { hide: true, params: Params, querystring: ConfirmQuery } },
    (request, reply) => confirm(request, reply, options),
  )
}

async function act(
  request: FastifyRequest<ActRequest>,
  reply: FastifyReply,
  { board, resultTtlMs }: BulkOptions,
) {
  const { name } = request.params
  if (typeof request.body !== 'object') throw new TargetError('body: expected to be object')
  const { do: action, ...wanted } = request.body
  const checked = toTarget(action, wanted)
  const count = await actOnMany(board, { queue: name, action, ...checked }, resultTtlMs)
  if (!request.prefersHtml()) return { do: action, count }
  const state =
    wanted.back ?? checked.state ?? (action === 'retry' || action === 'delete' ? 'dead' : 'delayed')
  return reply.seeOther(`/queues/${name}?state=${state}&did=${action}&count=${count}`)
}

async function confirm(
  { params, query }: FastifyRequest<ConfirmRequest>,
  reply: FastifyReply,
  { board }: BulkOptions,
) {
  const { name } = params
  const { do: action, ...wanted } = query
  if (action === 'pause' || action === 'resume') {
    const { waiting: count } = await board.inspect(name).counts()
    return reply.page('confirm', { name, action, count, formPath: `/queues/${name}/${action}`, target: {} })
  }
  const { back: shown, ids, state } = wanted
  if (shown && !ids && !state) return reply.seeOther(`/queues/${name}?state=${shown}&did=none`)
  const checked = toTarget(action, wanted)
  const count = await countTargets(board, name, checked)
  return reply.page('confirm', {
    name,
    action,
    count,
    formPath: `/queues/${name}/tasks`,
    target: checked,
    back: shown,
  })
}

function toTarget(action: BulkAction, { ids, state, task, error }: Target): BulkTarget {
  if (ids !== undefined) return { ids: [ids].flat() }
  if (!state) throw new TargetError('ids, state: expected one of them')
  if (!statesOf[action].includes(state)) {
    throw new TargetError(`state: expected ${statesOf[action].join(' or ') || 'ids instead'} to ${action}`)
  }
  if (state !== 'dead' && (task ?? error) !== undefined) {
    throw new TargetError('task, error: expected only with the state dead')
  }
  return { state, ...(task !== undefined && { task }), ...(error !== undefined && { error }) }
}
