import accepts from '@fastify/accepts'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyRequest {
    /** Whether the client would rather have a page than JSON. `Accept: *\/*`, curl's, means JSON. */
    prefersHtml(): boolean
  }
}

const programsAccept = new Set([undefined, '*/*', 'application/json'])

/** Tells browsers from programs by what they accept. */
export const negotiation = fp(
  async (app) => {
    await app.register(accepts)
    app.decorateRequest('prefersHtml', function () {
      // What programs send costs no parsing.
      if (programsAccept.has(this.headers.accept)) return false
      return this.accepts().type(['application/json', 'text/html']) === 'text/html'
    })
  },
  { name: 'negotiation' },
)
