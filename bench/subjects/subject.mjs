/**
 * What is measured, behind one face, so that every scenario is written once.
 *
 * @typedef {object} Place
 * @property {string} socket path of Redis' Unix socket
 * @property {string} queue
 * @property {boolean} [keepsRecords] of finished tasks; else each does what is fastest for it and honest
 * @property {string} [task] name of the handler, only for Servery
 * @property {object} [settings] of each task, only for Servery
 *
 * @typedef {object} Producer
 * @property {(n: number) => Promise<unknown>} enqueue the n-th task
 * @property {(ns: number[]) => Promise<unknown>} enqueueMany at once, the fastest way there is
 * @property {() => Promise<number>} unfinished tasks, waiting and held; what Redis says, a round trip
 * @property {() => unknown} close
 *
 * @typedef {object} WorkerPlace
 * @property {string} socket
 * @property {string[]} queues
 * @property {boolean} [keepsRecords]
 * @property {number} [concurrency] a setting of its own unless given
 * @property {(n: number) => unknown} handle is called with the number of each task
 *
 * @typedef {object} Subject
 * @property {(place: Place) => Promise<Producer>} openProducer
 * @property {(place: WorkerPlace) => Promise<() => unknown>} startWorker resolves with what stops it
 */

/** @type {Record<string, () => Promise<Subject>>} Loaded by name: a process holds no code of the others. */
const loaders = {
  floor: async () => (await import('./floor.mjs')).floor,
  'floor, batched': async () => (await import('./floor.mjs')).batchedFloor,
  servery: async () => (await import('./servery.mjs')).servery,
  bullmq: async () => (await import('./bullmq.mjs')).bullmq,
  'bee-queue': async () => (await import('./bee-queue.mjs')).beeQueue,
}

/** The names of all, in the order of the table's columns. */
export const subjectNames = Object.keys(loaders)

/** All but the second floor, for what it does no other way than the first. */
export const mainNames = subjectNames.filter((name) => name !== 'floor, batched')

/** Those that Servery is compared with. */
export const peerNames = ['bullmq', 'bee-queue']

/** @param {string} name @returns {Promise<Subject>} */
export const loadSubject = (name) => loaders[name]()
