import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/** What a page of ours may do: nothing but with this server. */
export const securityHeaders = fp(
  async (app) => {
    await app.register(helmet, {
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
  },
  { name: 'security-headers' },
)
