import Queue from 'bee-queue'
import { dataOf, numberOf } from '../payload.mjs'

const bestConcurrency = 100

const settings = ({ socket, keepsRecords = false, isWorker }) => ({
  redis: { path: socket },
  isWorker,
  getEvents: false,
  sendEvents: false,
  storeJobs: false,
  activateDelayedJobs: false,
  removeOnSuccess: !keepsRecords,
})

/** bee-queue: saveAll, no events, nothing kept in memory or of finished jobs. @type {import('./subject.mjs').Subject} */
export const beeQueue = {
  async openProducer({ queue: name, ...place }) {
    const queue = new Queue(name, settings({ ...place, isWorker: false }))
    await queue.ready()
    return {
      enqueue: (n) => queue.createJob(dataOf(n)).save(),
      async enqueueMany(ns) {
        const errors = await queue.saveAll(ns.map((n) => queue.createJob(dataOf(n))))
        if (errors.size > 0) throw new Error(`${errors.size} jobs were not saved`)
      },
      async unfinished() {
        const { waiting, active } = await queue.checkHealth()
        return waiting + active
      },
      close: () => queue.close(),
    }
  },
  async startWorker({ queues, concurrency = bestConcurrency, handle, ...place }) {
    const workers = queues.map((name) => new Queue(name, settings({ ...place, isWorker: true })))
    await Promise.all(workers.map((worker) => worker.ready()))
    for (const worker of workers) worker.process(concurrency, async ({ data }) => handle(numberOf(data)))
    return () => Promise.all(workers.map((worker) => worker.close()))
  },
}
