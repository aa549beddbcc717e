import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fp from 'fastify-plugin'

/** `/docs`: the HTTP API, described by the routes' own schemas. */
export const openapi = fp(
  async (app) => {
    await app.register(swagger, {
      openapi: { info: { title: 'Servery', description: 'A task queue for web applications', version: '1' } },
    })
    await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
  },
  { name: 'openapi' },
)
