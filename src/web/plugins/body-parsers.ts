import formbody from '@fastify/formbody'
import fp from 'fastify-plugin'

/** JSON, forms and plain text. An empty body is "nothing sent", whatever its content type. */
export const bodyParsers = fp(
  async (app) => {
    const parseJson = app.getDefaultJsonParser('error', 'error')
    app.removeContentTypeParser('application/json')
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined)
      else void parseJson(request, body as string, done)
    })
    await app.register(formbody)
  },
  { name: 'body-parsers' },
)
