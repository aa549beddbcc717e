import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import type { TaskBoard } from '../task-board.js'
import { NoTaskError, parseId } from './task-errors.js'
import { taskJson } from './task-json.js'

export interface ExplainOptions {
  board: TaskBoard
}

/** `/tasks/:id/explain`: every question that begins with "why is my task not…". */
export async function explainRoutes(app: FastifyInstance, { board }: ExplainOptions): Promise<void> {
  app.get<{ Params: { id: string } }>(
    '/tasks/:id/explain',
    { schema: { summary: 'Why a task is where it is', params: Type.Object({ id: Type.String() }) } },
    async ({ params }) => {
      const { queue, id } = parseId(params.id)
      const explained = await board.explain(queue, id)
      if (!explained) throw new NoTaskError(params.id)
      const { record, explanation } = explained
      const { attempts, ...task } = taskJson(record)
      const { leaseEndsAt, ...rest } = explanation
      const lease = leaseEndsAt === undefined ? {} : { leaseEndsAt: new Date(leaseEndsAt).toISOString() }
      return {
        id: params.id,
        state: record.state,
        ...rest,
        ...lease,
        timeline: timeline(task, attempts ?? []),
      }
    },
  )
}

function timeline(task: Record<string, unknown>, attempts: object[]): object[] {
  const { enqueuedAt, dueAt, startedAt, finishedAt, attempt, worker, state } = task
  const current = startedAt ? [{ event: 'started', attempt, worker, at: startedAt }] : []
  const ended = finishedAt ? [{ event: state, at: finishedAt }] : []
  const due = dueAt ? [{ event: 'due', at: dueAt }] : []
  return [
    { event: 'enqueued', at: enqueuedAt },
    ...attempts.map((failed) => ({ event: 'failed', ...failed })),
    ...current,
    ...due,
    ...ended,
  ]
}
