import { Duty } from '../process/duty.js'
import { recoverDead, type RecoverOptions } from './recover-dead.js'
import type { TaskConsumer } from './task-consumer.js'

const beatEveryMs = 2000
const leaseMs = 5000
const searchEveryMs = 5000
/** Longer than any lease lasts: nothing that was handed out can still be held then. */
const keepForMs = 2 * 3_600_000
/** Longer than it takes to be sure that a consumer is dead, and to take over what it held. */
const keepForsakenMs = 60_000
const maxQueues = 1000

export interface CustodianOptions extends RecoverOptions {
  /** Makes the consumer in whose name this process is heard of in a queue. */
  consumerOf: (queue: string) => TaskConsumer
  /** Finds queues with consumers that seem dead. */
  findForsaken: () => Promise<string[]>
}

/**
 * Looks after queues whose consumers are no workers, where there may be none that would: what such a consumer held when its
 * lease ended goes back, or the way of any failed attempt. Also what was held through a process that is gone.
 */
export class Custodian {
  readonly #until = new Map<string, number>()
  readonly #consumers = new Map<string, TaskConsumer>()
  readonly #options: CustodianOptions
  readonly #beating: Duty
  readonly #searching: Duty

  constructor(options: CustodianOptions) {
    this.#options = options
    this.#beating = new Duty(
      () => this.#lookAfterAll(),
      () => undefined,
    )
    this.#searching = new Duty(
      () => this.#search(),
      () => undefined,
    )
  }

  /** Begins to search for queues that nobody looks after. */
  start(): void {
    this.#searching.start()
  }

  /** A client takes from this queue. */
  lookAfter(queue: string, forMs = keepForMs): void {
    if (!this.#until.has(queue) && this.#until.size >= maxQueues) return
    this.#until.set(queue, Math.max(Date.now() + forMs, this.#until.get(queue) ?? 0))
    this.#beating.start()
  }

  /** Safe when never started, and twice. */
  async stop(): Promise<void> {
    await this.#searching.stop()
    await this.#beating.stop()
    await Promise.all(
      [...this.#consumers.values()].map((consumer) => consumer.leave().catch(() => undefined)),
    )
  }

  async #search(): Promise<number> {
    for (const queue of await this.#options.findForsaken()) this.lookAfter(queue, keepForsakenMs)
    return searchEveryMs
  }

  async #lookAfterAll(): Promise<number> {
    await Promise.all([...this.#until].map(([queue, until]) => this.#lookAfterOne(queue, until)))
    return beatEveryMs
  }

  async #lookAfterOne(queue: string, until: number): Promise<void> {
    const { consumerOf } = this.#options
    const consumer = this.#consumers.get(queue) ?? consumerOf(queue)
    this.#consumers.set(queue, consumer)
    if (Date.now() > until) {
      this.#until.delete(queue)
      this.#consumers.delete(queue)
      return consumer.leave()
    }
    const { dead } = await consumer.heartbeat(leaseMs)
    if (dead > 0) await recoverDead(consumer, this.#options)
  }
}
