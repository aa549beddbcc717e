import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { clientSignal } from '../client-signal.js'
import type { TaskBoard } from '../task-board.js'
import { taskPage } from '../pages/task-page.js'
import { Wait } from './schemas.js'
import { NoTaskError, parseId } from './task-errors.js'
import { taskJson } from './task-json.js'
import { untilFinished } from './wait.js'

export interface TasksOptions {
  board: TaskBoard
  resultTtlMs: number
}

const NotDelayedError = createError('TASK_NOT_DELAYED', 'the task %s is not delayed', 409)
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
    {
      schema: { ...schema, querystring: Wait, summary: 'A task; ?wait= seconds for it to finish' },
      config: { page: taskPage(options.board) },
    },
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
  app.post<ById>(
    '/tasks/:id/run',
    { schema: { ...schema, summary: 'Run a delayed task now' } },
    (request, reply) => runNow(request, reply, options),
  )
  // For forms, which know no DELETE.
  app.post<ById>('/tasks/:id/cancel', { schema: { ...schema, hide: true } }, async (request, reply) => {
    const cancelled = await cancel(request, options)
    return request.prefersHtml() ? reply.seeOther(`/tasks/${request.params.id}`) : cancelled
  })
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

async function retry(request: FastifyRequest<ById>, reply: FastifyReply, { board }: TasksOptions) {
  const { queue, id } = parseId(request.params.id)
  const outcome = await board.queue(queue).revive(id)
  if (outcome === 'unknown') throw new NoTaskError(request.params.id)
  if (outcome === 'unfinished') throw new NotDeadError(request.params.id)
  return waitsNow(request, reply, board)
}

async function runNow(request: FastifyRequest<ById>, reply: FastifyReply, { board }: TasksOptions) {
  const { queue, id } = parseId(request.params.id)
  const outcome = await board.queue(queue).runNow(id)
  if (outcome === 'unknown') throw new NoTaskError(request.params.id)
  if (outcome === 'undelayed') throw new NotDelayedError(request.params.id)
  return waitsNow(request, reply, board)
}

async function waitsNow(request: FastifyRequest<ById>, reply: FastifyReply, board: TaskBoard) {
  const { id: taskId } = request.params
  if (request.prefersHtml()) return reply.seeOther(`/tasks/${taskId}`)
  const { queue, id } = parseId(taskId)
  const record = await board.inspect(queue).find(id)
  return reply.code(202).send(taskJson(record ?? { id: taskId, state: 'waiting' }))
}
