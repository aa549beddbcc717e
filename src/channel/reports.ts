import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../process/backoff.js'
import type { Connections } from '../redis/connections.js'
import { encodeResult, type Job, type JobOutcome } from './job.js'
import { repliesKey, resultsChannel } from './names.js'
import type { Listener } from './roll.js'

const retry = { baseMs: 100, capMs: 2000 }
const maxTries = 6

/** Tells what becomes of a pubsub worker's jobs: everybody on the results channel, and the roll-calls that ask. */
export class Reports {
  readonly #redis: Connections['commands']
  readonly #self: Listener
  readonly #sending = new Set<Promise<void>>()

  constructor(redis: Connections['commands'], self: Listener) {
    this.#redis = redis
    this.#self = self
  }

  /** Answers to a roll-call that the job has come and is being worked on. */
  received(job: Job): void {
    if (job.broadcast) this.#track(this.#reply(job.broadcast, '"state":"received"'))
  }

  /** Publishes how a job ended, once: who is not listening misses it, as pub/sub has it. */
  ended(job: Job, outcome: JobOutcome, tookMs: number): void {
    const { state, json } = outcome
    this.#track(this.#publish(encodeResult(this.#self.name, job, outcome)))
    const field = state === 'done' ? 'result' : 'error'
    if (job.broadcast)
      this.#track(this.#reply(job.broadcast, `"state":"${state}","ms":${tookMs},"${field}":${json}`))
  }

  /** Resolves when everything so far was sent or given up, or after `patienceMs`. */
  async drained(patienceMs: number): Promise<void> {
    await Promise.race([Promise.all(this.#sending), sleep(patienceMs, undefined, { ref: false })])
  }

  async #publish(message: string): Promise<void> {
    await this.#redis.publish(resultsChannel, message).catch(() => undefined)
  }

  // RPUSHX: a roll-call that is over has no list any more. Twice the same reply is harmless.
  async #reply(broadcast: string, fields: string): Promise<void> {
    const { id, name } = this.#self
    const reply = `{"worker":${JSON.stringify(name)},"id":${JSON.stringify(id)},${fields}}`
    for (let failures = 1; failures <= maxTries; failures += 1) {
      const isSent = await this.#redis.rpushx(repliesKey(broadcast), reply).then(
        () => true,
        () => false,
      )
      if (isSent) return
      await sleep(backoffMs(failures, retry))
    }
  }

  #track(sending: Promise<void>): void {
    const tracked = sending.finally(() => this.#sending.delete(tracked))
    this.#sending.add(tracked)
  }
}
