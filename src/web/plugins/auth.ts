import { createHash, timingSafeEqual } from 'node:crypto'
import basicAuth from '@fastify/basic-auth'
import bearerAuth from '@fastify/bearer-auth'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Answered without the token. */
    public?: boolean
  }
}

/**
 * Asks for the token on every route that is not public, unknown ones included: `Authorization: Bearer` from
 * a program, Basic with the token as password (and any user name) from a browser.
 */
export const auth = fp(
  async (app: FastifyInstance, { token }: { token: string }) => {
    await app.register(bearerAuth, {
      keys: new Set([token]),
      addHook: false,
      verifyErrorLogLevel: 'debug',
      // "bearer" counts as "Bearer" (RFC 9110 section 11.1).
      specCompliance: 'rfc6749',
    })
    await app.register(basicAuth, {
      authenticate: { realm: 'Servery' },
      validate: async (_user, password) => {
        if (!isSame(password, token)) throw new Error('wrong password: expected the AUTH_TOKEN')
      },
    })
    app.addHook('onRequest', function (request, reply, done) {
      if (request.routeOptions.config.public) return done()
      const isBearer = /^bearer /i.test(request.headers.authorization ?? '')
      const verify = isBearer ? app.verifyBearerAuth : app.basicAuth
      verify?.call(this, request, reply, done)
    })
  },
  { name: 'auth' },
)

// Hashed first, so that the comparison tells nothing of the length either.
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
