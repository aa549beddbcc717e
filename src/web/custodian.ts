import { Duty } from '../process/duty.js'
import { recoverDead, type RecoverOptions } from '../queue/recover-dead.js'
import type { TaskConsumer } from '../queue/task-consumer.js'

const beatEveryMs = 2000
const leaseMs = 5000
/** Longer than any lease lasts: nothing that was handed out can still be held then. */
const keepForMs = 2 * 3_600_000
const maxQueues = 1000

/**
 * Looks after the queues that HTTP consumers take from, where there may be no worker that would: what a client held
 * when its lease ended goes the way of any failed attempt.
 */
export class Custodian {
  readonly #usedAt = new Map<string, number>()
  readonly #consumers = new Map<string, TaskConsumer>()
  readonly #duty: Duty

  /** @param consumerOf makes the consumer in whose name this process is heard of in a queue */
  constructor(
    private readonly consumerOf: (queue: string) => TaskConsumer,
    private readonly options: RecoverOptions,
  ) {
    this.#duty = new Duty(
      () => this.#lookAfterAll(),
      () => undefined,
    )
  }

  /** A client takes from this queue. */
  lookAfter(queue: string): void {
    if (!this.#usedAt.has(queue) && this.#usedAt.size >= maxQueues) return
    this.#usedAt.set(queue, Date.now())
    this.#duty.start()
  }

  async stop(): Promise<void> {
    await this.#duty.stop()
    await Promise.all(
      [...this.#consumers.values()].map((consumer) => consumer.leave().catch(() => undefined)),
    )
  }

  async #lookAfterAll(): Promise<number> {
    await Promise.all([...this.#usedAt].map(([queue, usedAt]) => this.#lookAfterOne(queue, usedAt)))
    return beatEveryMs
  }

  async #lookAfterOne(queue: string, usedAt: number): Promise<void> {
    const consumer = this.#consumers.get(queue) ?? this.consumerOf(queue)
    this.#consumers.set(queue, consumer)
    if (Date.now() - usedAt > keepForMs) {
      this.#usedAt.delete(queue)
      this.#consumers.delete(queue)
      return consumer.leave()
    }
    const { dead } = await consumer.heartbeat(leaseMs)
    if (dead > 0) await recoverDead(consumer, this.options)
  }
}
