// A repeating task in another Node program, with no other process: greets every second, and ends after two times.
//   REDIS_URL=redis://127.0.0.1:6379 node examples/schedule.mjs
import { EventEmitter, once } from 'node:events'
import Type from 'typebox'
import { task, TaskQueue, Worker } from 'servery'

const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'

const greetings = new EventEmitter()
const greet = task({
  input: Type.Object({ name: Type.String() }),
  run: ({ name }) => greetings.emit('greeting', `Good day ${name}`),
})

const queue = new TaskQueue({ redisUrl, name: 'greetings' })
await queue.schedule('each-second', { every: '1s' }, { task: 'greet', data: { name: 'Ada' } })

const worker = new Worker({ redisUrl, queues: ['greetings'], tasks: { greet } })
await worker.start()
for (let times = 0; times < 2; times += 1) console.log(...(await once(greetings, 'greeting')))

const [{ name, lastRun }] = await queue.schedules()
console.log(`${name}: the last of its tasks was ${lastRun.task}`)
await queue.unschedule('each-second')
await worker.stop()
queue.close()
