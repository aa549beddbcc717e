import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'
import { servery, type ServeryOptions } from '../../src/fastify.js'

export const letIn = { authorization: 'Bearer of-the-host' }

/** Lets in who knows the host's secret. */
export const hostAuth: Exclude<ServeryOptions['auth'], false> = async ({ headers }, reply) => {
  if (headers.authorization !== letIn.authorization) await reply.code(401).send({ host: 'says no' })
}

/** Somebody else's application, with routes, an error handler and a 404 of its own; closed after the test. */
export function givenHost(): FastifyInstance {
  const app = Fastify({ forceCloseConnections: 'idle' })
  app.setErrorHandler<Error>((error, _request, reply) => reply.code(500).send({ host: error.message }))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ host: 'not here' }))
  app.get('/', async () => ({ host: 'home' }))
  app.post('/echo', async ({ body }) => ({ body }))
  app.get('/fails', async () => {
    throw new Error('on purpose')
  })
  onTestFinished(() => app.close())
  return app
}

/** The same with Servery under each of the prefixes, listening. */
export async function givenMounted(
  options: Pick<ServeryOptions, 'redisUrl'> & Partial<ServeryOptions>,
  ...prefixes: string[]
): Promise<{ app: FastifyInstance; url: string }> {
  const app = givenHost()
  for (const prefix of prefixes) await app.register(servery, { prefix, auth: hostAuth, ...options })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, url: `http://127.0.0.1:${(app.server.address() as AddressInfo).port}` }
}
