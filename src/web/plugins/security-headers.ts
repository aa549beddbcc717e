import { IncomingMessage, type OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import fp from 'fastify-plugin'
import helmet from 'helmet'

const applyTo = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'self'"],
    },
  },
  // For whoever terminates TLS to decide: it would outlive a trial run on localhost.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'same-origin' },
})

/** What a page of ours may do: nothing but with this server. */
export const securityHeaders = fp(
  async (app) => {
    // They are always the same, and cost a good part of a short request when made anew for each.
    const headers = makeHeaders()
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
  },
  { name: 'security-headers' },
)

function makeHeaders(): OutgoingHttpHeaders {
  const request = new IncomingMessage(new Socket())
  const response = new ServerResponse(request)
  applyTo(request, response, (error) => {
    if (error instanceof Error) throw error
  })
  return response.getHeaders()
}
