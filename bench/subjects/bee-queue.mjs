import Queue from 'bee-queue'
import { dataOf, numberOf } from '../payload.mjs'

const defaultConcurrency = 100
/** Without being told to look, it never finds what a dead worker left behind. */
const stalledEveryMs = 5000

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
  async startWorker({ queues, concurrency = defaultConcurrency, handle, ...place }) {
    const workers = queues.map((name) => new Queue(name, settings({ ...place, isWorker: true })))
    await Promise.all(workers.map((worker) => worker.ready()))
    for (const worker of workers) {
      // Closing it breaks off what is under way.
      worker.on('error', () => undefined)
      worker.process(concurrency, async ({ data }) => handle(numberOf(data)))
      await worker.checkStalledJobs(stalledEveryMs)
    }
    return () => Promise.all(workers.map((worker) => worker.close()))
  },
}
