import { fastifySSE } from '@fastify/sse'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Live } from '../live/live.js'

export interface EventsOptions {
  live: Live
}

/**
 * `/events`: server-sent events. First `snapshot` (everything a page shows), then each change: `queue`
 * (length and subscribers, also every few seconds as a sign of life), `activity` (prodcons), `message` (pubsub), `task`
 * (state and progress) and `worker`.
 */
export async function eventRoutes(app: FastifyInstance, { live }: EventsOptions): Promise<void> {
  await app.register(fastifySSE)
  app.addHook('preClose', async () => live.closeStreams())
  app.get(
    '/events',
    {
      sse: 'only',
      schema: { summary: 'What happens, as server-sent events', produces: ['text/event-stream'] },
    },
    openStream,
  )

  async function openStream(_request: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.sse.keepAlive()
    reply.sse.sendHeaders()
    live.join(reply.raw)
  }
}
