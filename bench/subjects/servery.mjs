import Type from 'typebox'
import { task, TaskQueue, Worker } from '../../dist/src/index.js'
import { dataOf, numberOf } from '../payload.mjs'

const input = Type.Object({ n: Type.Integer(), pad: Type.String() })
// As many as two batches of a feed bring.
const defaultConcurrency = 400

/** Servery's library as it is, its records on. @type {import('./subject.mjs').Subject} */
export const servery = {
  async openProducer({ socket, queue: name, task: kind = 'noop', settings }) {
    const queue = new TaskQueue({ redisUrl: `unix://${socket}`, name })
    return {
      enqueue: (n) => queue.enqueue(kind, dataOf(n), settings),
      enqueueMany: (ns) => queue.enqueueMany(kind, ns.map(dataOf), settings),
      async unfinished() {
        const { waiting, delayed, active } = await queue.counts()
        return waiting + delayed + active
      },
      close: () => queue.close(),
    }
  },
  async startWorker({ socket, queues, concurrency = defaultConcurrency, handle }) {
    const noop = task({ input, run: (data) => handle(numberOf(data)) })
    const worker = new Worker({ redisUrl: `unix://${socket}`, queues, tasks: { noop }, concurrency })
    await worker.start()
    return () => worker.stop()
  },
}
