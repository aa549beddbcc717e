import type { RedisClient } from '../redis/client.js'
import type { Logger } from '../process/log.js'
import { redisFailure } from '../redis/errors.js'
import { decodeTaskBytes } from './envelope.js'
import { giveBack } from './give-back.js'
import { taskKeys } from './names.js'
import { recoverDead } from './recover-dead.js'
import { withScripts } from './scripts.js'
import { type Recovered, type Retention, TaskConsumer } from './task-consumer.js'
import { decodeElement } from './task-element.js'
import { newSeed } from './task-id.js'

/** A task that one client of a process holds. */
export interface Reservation extends Recovered {
  queue: string
  /** When it is given back unless it is settled before, as `performance.now()` has it. */
  endsAt: number
  /** It is no longer held: settled, given back, or lost. */
  isOver: boolean
}

/** What a client gets. */
export interface Reserved {
  reservation: Reservation
  /** A bare value's bytes, or a task's data, JSON. */
  bytes: Buffer
}

export interface SharedConsumerOptions {
  queue: string
  /** Unique to this process. */
  id: string
  retention: Retention
  log: Logger
}

/** What a process may be silent for before others take over what it holds. */
const leaseMs = 5000
/** A queue that nobody takes from for so long is left. */
const idleMs = 10_000
const maxBatch = 500

/**
 * One consumer of one queue in the name of which many clients of a process hold tasks, so that neither connections to Redis
 * nor heartbeats grow with their number.
 */
export class SharedConsumer {
  readonly #redis: RedisClient
  readonly #options: SharedConsumerOptions
  readonly #consumer: TaskConsumer
  /** Settles what nobody can ask for afterwards: of such no record is kept. */
  readonly #forgetful: TaskConsumer
  readonly #held = new Map<string, Reservation>()
  /** To be given back as soon as Redis can be reached. */
  readonly #returning = new Map<string, Reservation>()
  #unknown = new Set<string>()
  #sending: Promise<void> | undefined
  #isFailing = false
  #becomingKnown: Promise<unknown> | undefined
  #reserving = 0
  #usedAt = performance.now()

  constructor(redis: RedisClient, options: SharedConsumerOptions) {
    const { queue, id, retention } = options
    this.#redis = withScripts(redis)
    this.#options = options
    this.#consumer = new TaskConsumer(redis, { queue, id }, retention)
    this.#forgetful = new TaskConsumer(redis, { queue, id }, { ...retention, resultTtlMs: 0 })
  }

  /** Nothing is held here, and Redis need not know of it, for nobody has found anything to take for a while. */
  get isIdle(): boolean {
    if (this.#reserving + this.#held.size + this.#returning.size > 0) return false
    return !this.#becomingKnown || performance.now() - this.#usedAt > idleMs
  }

  /**
   * Takes the next task for a client. One round trip; one or two more when nobody here has taken from the queue for a while.
   *
   * @returns undefined when there is none, or the queue is paused
   * @throws {RedisUnavailableError | WrongTypeError}
   */
  async reserve(forMs: number): Promise<Reserved | undefined> {
    this.#usedAt = performance.now()
    this.#reserving += 1
    try {
      // Names come from clients: for a queue that is empty nothing is left in Redis.
      if (!this.#becomingKnown && !(await this.#hasAny())) return undefined
      return await this.#takeNext(forMs)
    } finally {
      this.#reserving -= 1
    }
  }

  /**
   * A client is done with a task. One round trip.
   *
   * @returns whether it was still held
   * @throws {RedisUnavailableError} and then it may be settled or not, and this can be repeated
   */
  async acknowledge(reservation: Reservation): Promise<boolean> {
    const { task, mark } = reservation
    const consumer = task.name === '' ? this.#forgetful : this.#consumer
    const settlement = {
      id: task.id,
      ...mark,
      outcome: { kind: 'done', detail: 'null' },
    } as const
    const lost = await consumer.settle([settlement])
    this.#forget(reservation)
    return lost.length === 0
  }

  /** A client that held these has gone. They go to the back of the queue; while Redis is away, as soon as it is back. */
  async giveBack(reservations: Reservation[]): Promise<void> {
    for (const reservation of reservations.filter(({ isOver }) => !isOver)) {
      this.#forget(reservation)
      this.#returning.set(reservation.task.id, reservation)
    }
    this.#sending ??= this.#returnAll()
    await this.#sending
  }

  /**
   * To be called every few seconds: keeps the lease, gives back what is overdue, recovers what dead consumers held. One round
   * trip when nothing has happened.
   *
   * @throws {RedisUnavailableError}
   */
  async beat(): Promise<void> {
    if (this.isIdle) {
      const wasKnown = this.#becomingKnown !== undefined
      this.#becomingKnown = undefined
      return wasKnown ? this.#consumer.leave() : undefined
    }
    const { held, dead } = await this.#consumer.heartbeat(leaseMs)
    if (dead > 0) await recoverDead(this.#consumer, { log: this.#options.log, policyOf: () => undefined })
    const now = performance.now()
    await this.giveBack([...this.#held.values()].filter(({ endsAt }) => endsAt <= now))
    if (held !== this.#held.size || this.#unknown.size > 0) await this.#compare()
  }

  /** Gives everything back to where it is the next to be taken, nothing counted. */
  async leave(): Promise<void> {
    await this.giveBack([])
    for (const reservation of this.#held.values()) this.#forget(reservation)
    await this.#consumer.leave().catch(() => undefined)
  }

  async #hasAny(): Promise<boolean> {
    const { list, high, low, delayed } = taskKeys(this.#consumer.list)
    return (await this.#redis.exists(list, high, low, ...delayed).catch(redisFailure(list))) > 0
  }

  // Before anything is held: what a consumer holds that nobody knows of would never be given back.
  async #becomeKnown(): Promise<void> {
    const becoming = (this.#becomingKnown ??= this.#consumer.heartbeat(leaseMs))
    try {
      await becoming
    } catch (error) {
      if (this.#becomingKnown === becoming) this.#becomingKnown = undefined
      throw error
    }
  }

  async #takeNext(forMs: number): Promise<Reserved | undefined> {
    for (;;) {
      await this.#becomeKnown()
      const taken = await this.#take(forMs)
      if (typeof taken === 'object') return taken
      if (taken === 'none') return undefined
      if (taken === 'lost') this.#becomingKnown = undefined
    }
  }

  async #take(forMs: number): Promise<Reserved | 'none' | 'lost' | 'more'> {
    const { list, id: consumer } = this.#consumer
    const [now, state, , id, tries, value] = await this.#redis
      .reserveTasksBuffer(list, consumer, 0, 1, newSeed())
      .catch(redisFailure(list))
    if (!id?.length || !value) {
      const found = state.toString()
      return found === 'lost' || found === 'more' ? found : 'none'
    }
    const { task, bytes } = decodeTaskBytes(id.toString(), Number(tries?.toString()), value)
    const mark = { attempt: task.failed + 1, startedAt: now, consumer }
    const endsAt = performance.now() + forMs
    const reservation = { queue: this.#options.queue, task, mark, endsAt, isOver: false }
    this.#held.set(task.id, reservation)
    // Given back it was, only the answer to that got lost.
    this.#returning.delete(task.id)
    return { reservation, bytes }
  }

  async #returnAll(): Promise<void> {
    // Those of one tick go together.
    await Promise.resolve()
    try {
      while (this.#returning.size > 0) await this.#returnSome()
      this.#isFailing = false
    } catch (error) {
      const reason = (error as Error).message
      if (!this.#isFailing) this.#options.log.warn({ reason }, 'cannot give values back, trying on')
      this.#isFailing = true
    } finally {
      this.#sending = undefined
    }
  }

  async #returnSome(): Promise<void> {
    const batch = [...this.#returning.values()].slice(0, maxBatch)
    await giveBack(this.#consumer, batch)
    for (const each of batch) {
      if (this.#returning.get(each.task.id) === each) this.#returning.delete(each.task.id)
    }
  }

  // The answer to a reserve can be lost: what is held and unknown here, on two looks, goes back. A lease can be lost: what
  // is known here and no longer held is over.
  async #compare(): Promise<void> {
    const before = [...this.#held.values()]
    const elements = await this.#consumer.held()
    const ids = new Set(elements.flatMap(idIn))
    for (const reservation of before) if (!ids.has(reservation.task.id)) this.#forget(reservation)
    const unknown = [...ids].filter((id) => !this.#held.has(id) && !this.#returning.has(id))
    const orphans = unknown.filter((id) => this.#unknown.has(id))
    this.#unknown = new Set(unknown)
    if (orphans.length === 0) return
    await this.#consumer.settle(orphans.map((id) => ({ id, outcome: { kind: 'return' } })))
  }

  #forget(reservation: Reservation): void {
    reservation.isOver = true
    if (this.#held.get(reservation.task.id) === reservation) this.#held.delete(reservation.task.id)
  }
}

function idIn(element: Buffer): string[] {
  const decoded = decodeElement(element.toString())
  return 'id' in decoded ? [decoded.id] : []
}
