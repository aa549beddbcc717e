import { randomInt } from 'node:crypto'
import { RedisUnavailableError } from '../redis/errors.js'
import { type JobResult, parseResult, reasonOf } from './job.js'
import type { Published } from './publisher.js'

/** How one job ended; `message` is the result as it was published. */
export type DispatchOutcome =
  | { state: 'finished'; job: number; worker: string; message: string }
  | { state: 'failed'; job: number; worker: string; reason: string }
  | { state: 'missing'; job: number; worker: string }

export interface DispatchOptions {
  /** How many jobs: numbers 1 to this. */
  jobs: number
  /** Names of the workers that each job's is drawn from. */
  workers: string[]
  /** What is sent for a job. */
  messageFor: (job: number) => string
  /** What results carry besides the number, where the messages do. */
  run?: string
  send: (worker: string, message: string) => Promise<Published>
  /** Resolves with whether Redis is back. */
  untilBack: () => Promise<boolean>
  /** A job that nobody has told of so long after it was sent is missing. */
  deadlineMs: number
  onOutcome: (outcome: DispatchOutcome) => void
  /** Draws a whole number below this one. */
  random?: (below: number) => number
}

/** Every job is one of the last three, once the dispatch is over. */
export interface DispatchCounts {
  sent: number
  finished: number
  failed: number
  missing: number
}

interface Pending {
  worker: string
  sentAt: number
}

/** Jobs without an answer. More would only fill the memory of Redis for a slow worker, until it is cut off. */
const maxPending = 1000

/** A master: sends numbered jobs, each to a worker drawn at random, and keeps account of the results. */
export class Dispatch {
  readonly counts: DispatchCounts = { sent: 0, finished: 0, failed: 0, missing: 0 }
  readonly #options: DispatchOptions
  readonly #pending = new Map<number, Pending>()
  #wake = () => {}

  constructor(options: DispatchOptions) {
    this.#options = options
  }

  /** A message came on the results channel; those of others are passed over. */
  onResult(message: string): void {
    const result = parseResult(message)
    const job = Number(result?.job)
    const pending = this.#pending.get(job)
    if (!result || pending?.worker !== result.worker || result.run !== this.#options.run) return
    this.#end(
      result.error === undefined
        ? { state: 'finished', job, worker: result.worker, message }
        : failed(job, result),
    )
  }

  /**
   * Sends every job and waits for what becomes of it. Aborted, it sends no more, and what is open is missing.
   *
   * @throws {RedisUnavailableError} Redis went away and did not come back
   */
  async run(signal: AbortSignal): Promise<void> {
    const wake = () => this.#wake()
    signal.addEventListener('abort', wake)
    for (let job = 1; job <= this.#options.jobs && !signal.aborted; job += 1) {
      while (this.#pending.size >= maxPending && !signal.aborted) await this.#change()
      if (!signal.aborted) await this.#send(job)
      this.#expire(Date.now())
    }
    while (this.#pending.size > 0 && !signal.aborted) await this.#change()
    signal.removeEventListener('abort', wake)
    this.#expire(Infinity)
  }

  async #send(job: number): Promise<void> {
    const { workers, messageFor, send, random = randomInt } = this.#options
    const worker = workers[random(workers.length)] ?? ''
    // Its result may be here before Redis has answered.
    this.#pending.set(job, { worker, sentAt: Date.now() })
    this.counts.sent += 1
    try {
      const { receivers } = await send(worker, messageFor(job))
      if (receivers === 0) this.#end({ state: 'failed', job, worker, reason: `nobody listens as ${worker}` })
    } catch (error) {
      if (!(error instanceof RedisUnavailableError)) throw error
      this.#end({ state: 'failed', job, worker, reason: error.message })
      if (!(await this.#options.untilBack())) throw error
    }
  }

  #end(outcome: DispatchOutcome): void {
    if (!this.#pending.delete(outcome.job)) return
    this.counts[outcome.state] += 1
    this.#options.onOutcome(outcome)
    this.#wake()
  }

  // The oldest come first.
  #expire(nowMs: number): void {
    for (const [job, { worker, sentAt }] of this.#pending) {
      if (sentAt + this.#options.deadlineMs > nowMs) return
      this.#end({ state: 'missing', job, worker })
    }
  }

  /** Waits for a result, or for the oldest job's deadline. */
  async #change(): Promise<void> {
    const [oldest] = this.#pending.values()
    const leftMs = oldest ? oldest.sentAt + this.#options.deadlineMs - Date.now() : 0
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(leftMs, 0))
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#expire(Date.now())
  }
}

function failed(job: number, { worker, error }: JobResult): DispatchOutcome {
  return { state: 'failed', job, worker, reason: reasonOf(error) }
}
