import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../process/backoff.js'
import type { Logger } from '../process/log.js'
import type { Settlement, TaskConsumer } from '../queue/task-consumer.js'
import { ById } from './by-id.js'

const maxBatch = 500

/**
 * Records outcomes, those of one tick together, and keeps at it while Redis is away: a result is never dropped
 * while this process lives. Repeating is safe, for a second settlement of a task finds it no longer held.
 */
export class Settler {
  #pending: Settlement[] = []
  readonly #unsettled = new ById<Settlement>()
  #sending: Promise<void> | undefined
  #batch = Promise.resolve()
  #failures = 0

  constructor(
    private readonly consumer: TaskConsumer,
    private readonly log: Logger,
  ) {}

  /** Records how an attempt of a task ended, as soon as Redis can be reached. */
  settle(settlement: Settlement): void {
    this.#pending.push(settlement)
    this.#unsettled.set(settlement)
    this.#sending ??= this.#sendAll()
  }

  /** Tasks with an outcome still to be recorded. */
  get size(): number {
    return this.#unsettled.size
  }

  /** Whether an outcome of this task is still to be recorded. */
  isPending(id: string): boolean {
    return this.#unsettled.has(id)
  }

  /** Resolves when no outcome of this task is to be recorded any more. */
  async untilSettled(id: string): Promise<void> {
    while (this.isPending(id)) await this.#batch
  }

  /** Resolves when everything so far is recorded. */
  async drained(): Promise<void> {
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    await Promise.resolve()
    while (this.#pending.length > 0) {
      this.#batch = this.#sendBatch(this.#pending.splice(0, maxBatch))
      await this.#batch
    }
    this.#sending = undefined
  }

  async #sendBatch(batch: Settlement[]): Promise<void> {
    try {
      this.#sayLost(await this.consumer.settle(batch))
      this.#failures = 0
      for (const { id } of batch) this.#unsettled.delete(id)
    } catch (error) {
      this.#pending.unshift(...batch)
      await this.#napAfter(error as Error)
    }
  }

  // Said once, however long it lasts.
  async #napAfter({ message: reason }: Error): Promise<void> {
    this.#failures += 1
    if (this.#failures === 1) this.log.warn({ reason }, 'cannot record outcomes, trying on')
    await sleep(backoffMs(this.#failures, { baseMs: 50, capMs: 1000 }))
  }

  #sayLost(lost: Settlement[]): void {
    for (const { id, outcome } of lost) {
      this.log.warn({ task: id, outcome: outcome.kind }, 'no longer ours: the outcome is discarded')
    }
  }
}
