import { Queue, Worker } from 'bullmq'
import { dataOf, numberOf } from '../payload.mjs'

const defaultConcurrency = 200

const connection = (socket) => ({ path: socket, maxRetriesPerRequest: null })

/** BullMQ: addBulk, finished jobs removed at once. @type {import('./subject.mjs').Subject} */
export const bullmq = {
  async openProducer({ socket, queue: name, keepsRecords = false }) {
    const defaultJobOptions = { removeOnComplete: !keepsRecords }
    const queue = new Queue(name, { connection: connection(socket), defaultJobOptions })
    await queue.waitUntilReady()
    return {
      enqueue: (n) => queue.add('noop', dataOf(n)),
      enqueueMany: (ns) => queue.addBulk(ns.map((n) => ({ name: 'noop', data: dataOf(n) }))),
      async unfinished() {
        const { waiting, active, delayed } = await queue.getJobCounts('waiting', 'active', 'delayed')
        return waiting + active + delayed
      },
      close: () => queue.close(),
    }
  },
  async startWorker({ socket, queues, concurrency = defaultConcurrency, handle }) {
    const workers = queues.map(
      (name) =>
        new Worker(name, async ({ data }) => handle(numberOf(data)), {
          connection: connection(socket),
          concurrency,
        }),
    )
    // Without a listener it prints what goes wrong; whether something did is checked afterwards.
    for (const worker of workers) worker.on('error', () => undefined)
    await Promise.all(workers.map((worker) => worker.waitUntilReady()))
    return () => Promise.all(workers.map((worker) => worker.close()))
  },
}
