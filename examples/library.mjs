// Servery inside another Node program: enqueues three tasks and runs them in the same process.
//   REDIS_URL=redis://127.0.0.1:6379 node examples/library.mjs
import Type from 'typebox'
import { task, TaskQueue, Worker } from 'servery'

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'

const greet = task({
  input: Type.Object({ name: Type.String() }),
  attempts: 5,
  run: async ({ name }, { attempt, progress }) => {
    progress(0.5, 'thinking of something nice')
    return `Hello ${name}, at attempt ${attempt}`
  },
})

const queue = new TaskQueue({ redisUrl, name: 'greetings' })
const worker = new Worker({ redisUrl, queues: ['greetings'], tasks: { greet } })
await worker.start()

const ids = await queue.enqueueMany('greet', [{ name: 'Ada' }, { name: 'Grace' }, { name: 'Barbara' }])
for (const id of ids) console.log(await result(id))

await worker.stop()
queue.close()

async function result(id) {
  for (;;) {
    const record = await queue.find(id)
    if (record?.state === 'done') return record.result
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
