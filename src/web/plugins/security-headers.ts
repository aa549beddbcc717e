import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/** What a page of ours may do: nothing but with this server. */
export const securityHeaders = fp(
  async (app) => {
    await app.register(helmet, {
      global: false,
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
    // They are always the same, and cost a good part of a short request when made anew for each.
    let made: [string, string][] | undefined
    app.addHook('onRequest', async (_request, reply) => {
      if (made) {
        for (const [name, value] of made) reply.raw.setHeader(name, value)
        return
      }
      reply.helmet()
      made = Object.entries(reply.raw.getHeaders()).map(([name, value]) => [name, String(value)])
    })
  },
  { name: 'security-headers' },
)
