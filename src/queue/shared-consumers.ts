import type { RedisClient } from '../redis/client.js'
import { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import { Custodian } from './custodian.js'
import { forsakenQueues } from './forsaken-queues.js'
import { sharedConsumer } from './recover-dead.js'
import { type Reservation, type Reserved, SharedConsumer } from './shared-consumer.js'
import { type Retention, TaskConsumer } from './task-consumer.js'
import { newSeed } from './task-id.js'

export interface SharedConsumersOptions {
  /** Name of the process, for people. */
  name: string
  retention: Retention
  log: Logger
}

/** The process takes from as many queues as it can keep leases in. */
export class TooManyQueuesError extends Error {
  override name = 'TooManyQueuesError'
}

const beatEveryMs = 2000
const maxQueues = 1000

/** A process's consumers, one for each queue that its clients take from, and its watch over those of dead processes. */
export class SharedConsumers {
  readonly #redis: RedisClient
  readonly #options: SharedConsumersOptions
  readonly #id: string
  readonly #consumers = new Map<string, SharedConsumer>()
  readonly #beating: Duty
  readonly #custodian: Custodian

  constructor(redis: RedisClient, options: SharedConsumersOptions) {
    const { name, retention, log } = options
    this.#redis = redis
    this.#options = options
    this.#id = `${sharedConsumer}${name}~${newSeed()}`
    this.#beating = new Duty(
      () => this.#beatAll(),
      () => undefined,
    )
    this.#custodian = new Custodian({
      consumerOf: (queue) => new TaskConsumer(redis, { queue, id: `custodian~${this.#id}` }, retention),
      findForsaken: () => forsakenQueues(redis),
      log,
      // Of handlers this process knows nothing.
      policyOf: () => undefined,
    })
  }

  start(): void {
    this.#beating.start()
    this.#custodian.start()
  }

  /** @throws {TooManyQueuesError | RedisUnavailableError | WrongTypeError}; see {@link SharedConsumer.reserve} */
  async reserve(queue: string, forMs: number): Promise<Reserved | undefined> {
    const consumer = this.#consumerOf(queue)
    try {
      return await consumer.reserve(forMs)
    } finally {
      if (consumer.isIdle) this.#consumers.delete(queue)
    }
  }

  /** @throws {RedisUnavailableError}; see {@link SharedConsumer.acknowledge} */
  async acknowledge(reservation: Reservation): Promise<boolean> {
    return (await this.#consumers.get(reservation.queue)?.acknowledge(reservation)) ?? false
  }

  /** See {@link SharedConsumer.giveBack}. */
  async giveBack(reservations: Reservation[]): Promise<void> {
    const byQueue = new Map<string, Reservation[]>()
    for (const each of reservations) byQueue.set(each.queue, [...(byQueue.get(each.queue) ?? []), each])
    await Promise.all([...byQueue].map(async ([queue, group]) => this.#consumers.get(queue)?.giveBack(group)))
  }

  /** Gives back what is still held. Safe when never started, and twice. */
  async stop(): Promise<void> {
    await this.#beating.stop()
    await this.#custodian.stop()
    await Promise.all([...this.#consumers.values()].map((consumer) => consumer.leave()))
  }

  #consumerOf(queue: string): SharedConsumer {
    const known = this.#consumers.get(queue)
    if (known) return known
    if (this.#consumers.size >= maxQueues) {
      throw new TooManyQueuesError(`values of ${maxQueues} queues are in use here; try again`)
    }
    const { retention, log } = this.#options
    const consumer = new SharedConsumer(this.#redis, { queue, id: this.#id, retention, log })
    this.#consumers.set(queue, consumer)
    return consumer
  }

  async #beatAll(): Promise<number> {
    const beats = [...this.#consumers].map(async ([queue, consumer]) => {
      await consumer.beat().catch(() => undefined)
      if (consumer.isIdle) this.#consumers.delete(queue)
    })
    await Promise.all(beats)
    return beatEveryMs
  }
}
