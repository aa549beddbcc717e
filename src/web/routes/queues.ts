import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { queueNamePattern } from '../../queue/names.js'
import type { PageState } from '../../queue/task-inspector.js'
import type { QueueSummary, TaskBoard } from '../task-board.js'
import { queuePage } from '../pages/queue-page.js'
import { type BulkOptions, bulkRoutes } from './bulk.js'
import { exactly } from './schemas.js'
import { taskJson } from './task-json.js'

export type QueuesOptions = BulkOptions

const Name = Type.Object({ name: Type.String({ pattern: queueNamePattern }) })
const Page = exactly({
  state: Type.Optional(Type.Enum(['waiting', 'delayed', 'active', 'dead'])),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,12}$' })),
})

const Purge = exactly({ state: Type.Enum(['waiting', 'delayed', 'dead']) })

interface ByName {
  Params: { name: string }
}
interface PurgeRequest extends ByName {
  Querystring: { state: 'waiting' | 'delayed' | 'dead' }
}
interface PageRequest extends ByName {
  Querystring: { state?: PageState; cursor?: string }
}

/** `/queues`: what waits where; pause and resume. */
export async function queueRoutes(app: FastifyInstance, options: QueuesOptions): Promise<void> {
  const { board } = options
  await app.register(bulkRoutes, options)
  app.get('/queues', { schema: { summary: 'All task queues' } }, async () => ({
    queues: (await board.summaries(await board.names())).map(queueJson),
  }))
  const schema = { params: Name }
  app.get<ByName>(
    '/queues/:name',
    { schema: { ...schema, summary: 'A queue' }, config: { page: queuePage(board) } },
    async ({ params }) => (await board.summaries([params.name])).map(queueJson)[0],
  )
  app.get<PageRequest>(
    '/queues/:name/tasks',
    { schema: { ...schema, querystring: Page, summary: 'A page of tasks, next to be taken first' } },
    (request) => page(request, board),
  )
  app.delete<PurgeRequest>(
    '/queues/:name/tasks',
    { schema: { ...schema, querystring: Purge, summary: 'Remove all tasks of a state' } },
    async ({ params, query }) => ({ removed: await board.queue(params.name).purge(query.state) }),
  )
  app.post<ByName>(
    '/queues/:name/pause',
    { schema: { ...schema, summary: 'Take nothing out of it' } },
    async (request, reply) => {
      await board.queue(request.params.name).pause()
      return changed(request, reply, board)
    },
  )
  app.post<ByName>(
    '/queues/:name/resume',
    { schema: { ...schema, summary: 'End a pause' } },
    async (request, reply) => {
      await board.queue(request.params.name).resume()
      return changed(request, reply, board)
    },
  )
}

function changed(request: FastifyRequest<ByName>, reply: FastifyReply, board: TaskBoard) {
  const { name } = request.params
  return request.prefersHtml() ? reply.seeOther(`/queues/${name}`) : board.inspect(name).counts()
}

function queueJson({ oldestWaitingAt: oldest, ...summary }: QueueSummary) {
  if (oldest === undefined) return summary
  const oldestWaitingAt = new Date(oldest).toISOString()
  return { ...summary, oldestWaitingAt, oldestAgeMs: Math.max(Date.now() - oldest, 0) }
}

async function page({ params, query }: FastifyRequest<PageRequest>, board: TaskBoard) {
  const { tasks, next } = await board
    .inspect(params.name)
    .page(query.state ?? 'waiting', Number(query.cursor ?? 0))
  return { tasks: tasks.map(taskJson), ...(next !== undefined && { cursor: String(next) }) }
}
