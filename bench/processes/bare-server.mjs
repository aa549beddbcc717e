// The floor of HTTP: a Fastify route that does one LPUSH.
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { serve } from './serve.mjs'

const app = Fastify()

serve({
  async listen({ socket, list }) {
    const redis = new Redis(socket)
    app.post('/', async (request, reply) => {
      const length = await redis.lpush(list, request.body.value)
      return reply.code(202).send({ queue: list, pushed: 1, length })
    })
    return app.listen({ host: '127.0.0.1', port: 0 })
  },
})
