// Servery's page and API inside an existing Fastify application, and a worker beside it.
//   REDIS_URL=redis://127.0.0.1:6379 ADMIN_TOKEN=secret node examples/fastify.mjs
import Fastify from 'fastify'
import Type from 'typebox'
import { task, Worker } from 'servery'
import { servery } from 'servery/fastify'

const { REDIS_URL: redisUrl = 'redis://127.0.0.1:6379', ADMIN_TOKEN = 'secret', PORT = '3000' } = process.env

const tasks = {
  greet: task({ input: Type.Object({ name: Type.String() }), run: ({ name }) => `Hello ${name}` }),
}

const app = Fastify()
app.get('/', async () => 'the application that was there before')
await app.register(servery, {
  prefix: '/admin/queues',
  redisUrl,
  tasks,
  auth: async (request, reply) => {
    if (request.headers.authorization === `Bearer ${ADMIN_TOKEN}`) return
    await reply.code(401).send({ message: 'who are you?' })
  },
})

const worker = new Worker({ redisUrl, tasks })
app.addHook('onClose', () => worker.stop())
process.once('SIGTERM', () => app.close())

await worker.start()
console.log(`the page is at ${await app.listen({ port: Number(PORT), host: '127.0.0.1' })}/admin/queues`)
