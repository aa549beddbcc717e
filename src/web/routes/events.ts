import { fastifySSE } from '@fastify/sse'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Live } from '../live/live.js'

export interface EventsOptions {
  live: Live
}

/**
 * `/events`: server-sent events. First `snapshot` (everything a page shows), then each change: `queue`
 * (length and subscribers, also every few seconds as a sign of life), `activity` (prodcons), `message` (pubsub), `task`
 * (state and progress), `worker`, `workers` (all, once a second) and `queues` (task queues that changed, ten times a second
 * at most). `?queue=` asks for the history of that one task queue.
 */
export async function eventRoutes(app: FastifyInstance, { live }: EventsOptions): Promise<void> {
  await app.register(fastifySSE)
  app.addHook('preClose', async () => live.closeStreams())
  app.get<{ Querystring: { queue?: string } }>(
    '/events',
    {
      sse: 'only',
      schema: { summary: 'What happens, as server-sent events', produces: ['text/event-stream'] },
    },
    openStream,
  )

  async function openStream(
    request: FastifyRequest<{ Querystring: { queue?: string } }>,
    reply: FastifyReply,
  ): Promise<void> {
    reply.sse.keepAlive()
    reply.sse.sendHeaders()
    await live.join(reply.raw, {
      queue: request.query.queue,
      lastEventId: request.headers['last-event-id']?.toString(),
    })
  }
}
