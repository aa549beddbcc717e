import { startRole } from '../processes/process.mjs'
import { expectCount } from './wait.mjs'

/** A producer and workers of one subject, each a process of its own, and the check that they did all there was to do. */
export class Group {
  workers = []

  /**
   * @param {import('../run.mjs').Bench} bench
   * @param {string} subject
   * @param {Partial<import('../subjects/subject.mjs').Place>} [options]
   */
  constructor(bench, subject, options) {
    this.bench = bench
    this.place = { subject, socket: bench.redis.socket, queue: 'bench', ...options }
  }

  /** Opens the producer. */
  async open() {
    this.producer = startRole('producer', this.bench.nodeOptions('producer', this.place.subject))
    await this.producer.call('open', this.place)
  }

  /** Puts tasks in, quickly. */
  async fill(count) {
    await this.producer.call('enqueueMany', { first: 0, count, ...bulk })
    expectCount('enqueued', await this.unfinished(), count)
  }

  /** Processes with their code loaded that do not work yet. */
  async loadWorkers(processes) {
    const { subject } = this.place
    const options = this.bench.nodeOptions('worker', subject)
    this.workers = Array.from({ length: processes }, () => startRole('worker', options))
    await Promise.all(this.workers.map((worker) => worker.call('load', { subject })))
  }

  /** Lets them work. @param {{ count: number, queues?: string[] }} options and what else `start` of worker.mjs takes */
  async startWorkers({ queues = [this.place.queue], ...options }) {
    await Promise.all(
      this.workers.map((worker) => worker.call('start', { ...this.place, queues, ...options })),
    )
  }

  unfinished() {
    return this.producer.call('unfinished')
  }

  /** That every task was run, once. @throws {WrongResult} */
  async check(count) {
    const runs = await Promise.all(this.workers.map((worker) => worker.call('handled')))
    let once = 0
    for (let n = 0; n < count; n += 1) if (runs.reduce((sum, each) => sum + each[n], 0) === 1) once += 1
    expectCount('tasks that were run once', once, count)
  }

  /** Ends every process. Safe when nothing was opened. */
  async close() {
    await Promise.all([this.producer, ...this.workers].map((each) => each?.end()))
  }
}

/** How tasks go in in bulk, the same for all. */
export const bulk = { size: 1000, inFlight: 4 }

/**
 * Does something with a group in an empty Redis, and ends it whatever happens.
 * @template T
 * @param {Group} group
 * @param {(group: Group) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withGroup(group, work) {
  await group.bench.redis.empty()
  return within(group, work)
}

/** The same beside what is in Redis already. @template T @param {Group} group @param {(group: Group) => Promise<T>} work */
export async function within(group, work) {
  try {
    await group.open()
    return await work(group)
  } finally {
    await group.close()
  }
}
