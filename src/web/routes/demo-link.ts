import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'

export interface DemoLink {
  url: string
  summary: string
  /** What a GET does; a HEAD does nothing. */
  act: () => Promise<unknown>
}

/** A link that does something and leads back to the page. */
export function addDemoLink(app: FastifyInstance, { url, summary, act }: DemoLink): void {
  app.get(url, {
    exposeHeadRoute: false,
    config: { changesState: true },
    schema: { summary, response: { 302: Type.Null() } },
    handler: async (_request: FastifyRequest, reply: FastifyReply) => {
      await act()
      return reply.header('cache-control', 'no-store').redirect(`${app.base}/`)
    },
  })
  app.head(url, { schema: { hide: true } }, async (_request, reply) => reply.redirect(`${app.base}/`))
}
