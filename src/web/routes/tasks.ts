import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { clientSignal } from '../client-signal.js'
import type { TaskBoard } from '../task-board.js'
import { Wait } from './schemas.js'
import { NoTaskError, parseId } from './task-errors.js'
import { taskJson } from './task-json.js'
import { untilFinished } from './wait.js'

export interface TasksOptions {
  board: TaskBoard
  resultTtlMs: number
}

const FinishedError = createError('TASK_FINISHED', 'the task %s has finished already', 409)
const NotDeadError = createError('TASK_NOT_DEAD', 'the task %s is neither dead nor cancelled', 409)

const Params = Type.Object({ id: Type.String() })
interface ById {
  Params: { id: string }
}
interface Waiting extends ById {
  Querystring: { wait?: string }
}

/** `/tasks/:id`: look a task up, cancel it, try it again. */
export async function taskRoutes(app: FastifyInstance, options: TasksOptions): Promise<void> {
  const schema = { params: Params }
  app.get<Waiting>(
    '/tasks/:id',
    { schema: { ...schema, querystring: Wait, summary: 'A task; ?wait= seconds for it to finish' } },
    (request, reply) => find(request, reply, options),
  )
  app.delete<ById>(
    '/tasks/:id',
    { schema: { ...schema, summary: 'Cancel a task; a dead one becomes cancelled' } },
    (request) => cancel(request, options),
  )
  app.post<ById>(
    '/tasks/:id/retry',
    { schema: { ...schema, summary: 'Try a dead or cancelled task again' } },
    (request, reply) => retry(request, reply, options),
  )
}

async function find(
  { params, query }: FastifyRequest<Waiting>,
  reply: FastifyReply,
  { board }: TasksOptions,
) {
  const { queue, id } = parseId(params.id)
  const inspector = board.inspect(queue)
  const patience = { ms: Number(query.wait ?? 0) * 1000, signal: clientSignal(reply) }
  const record = await untilFinished(() => inspector.find(id), patience)
  if (!record) throw new NoTaskError(params.id)
  return taskJson(record)
}

async function cancel({ params }: FastifyRequest<ById>, { board, resultTtlMs }: TasksOptions) {
  const { queue, id } = parseId(params.id)
  const outcome = await board.queue(queue).cancel(id, resultTtlMs)
  if (outcome === 'unknown') throw new NoTaskError(params.id)
  if (outcome === 'finished') throw new FinishedError(params.id)
  return taskJson((await board.inspect(queue).find(id)) ?? { id: params.id, state: 'cancelled' })
}

async function retry({ params }: FastifyRequest<ById>, reply: FastifyReply, { board }: TasksOptions) {
  const { queue, id } = parseId(params.id)
  const outcome = await board.queue(queue).revive(id)
  if (outcome === 'unknown') throw new NoTaskError(params.id)
  if (outcome === 'unfinished') throw new NotDeadError(params.id)
  const record = await board.inspect(queue).find(id)
  return reply.code(202).send(taskJson(record ?? { id: params.id, state: 'waiting' }))
}
