import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../process/backoff.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import { heldKey } from '../queue/names.js'
import type { Adopted, Reserved, TaskConsumer } from '../queue/task-consumer.js'
import { decodeElement } from '../queue/task-element.js'
import { newTaskId } from '../queue/task-id.js'
import type { BlockingReads } from '../redis/blocking-reads.js'
import type { TakenTask } from './run.js'
import type { Slots } from './slots.js'

export interface TaskFeedOptions {
  consumer: TaskConsumer
  reads: BlockingReads
  slots: Slots
  log: Logger
  /** Starts a task, for which a slot was taken. */
  start: (taken: TakenTask) => void
  /** Gives a task back that there is no slot for. */
  giveBack: (task: StoredTask) => void
  /** Whether this process was neither frozen nor blocked just now. */
  isAwake: () => boolean
}

/** What came of asking for tasks; a full batch may not have been all. */
type Fetched = 'full batch' | 'some' | 'nothing' | 'paused' | 'lost' | 'no slot'

const isFull = (fetched: Fetched): boolean => fetched === 'full batch' || fetched === 'no slot'

/** How long a blocked read waits: far less than a dead worker's held list is watched, which its read may outlive. */
export const feedBlockMs = 12_000
const pausedPollMs = 1000
/** The heartbeat's next beat gives it a new lease. */
const leasePollMs = 200
/** A worker without a free slot brings due tasks to others no oftener. */
const bringEveryMs = 10
const maxBatch = 200
const maxTimerMs = 2 ** 31 - 1

/**
 * Brings one queue's tasks to a worker: as many as there are free slots, and when none are left it waits in a blocked read
 * that moves the next one straight into the held list (BLMOVE), from where no death can lose it.
 */
export class TaskFeed {
  readonly #options: TaskFeedOptions
  readonly #stopping = new AbortController()
  #loop: Promise<void> | undefined
  #dueTimer: NodeJS.Timeout | undefined
  #knownAt = 0
  #takingDue: Promise<void> | undefined
  #failures = 0
  #lastTurn = Date.now()

  constructor(options: TaskFeedOptions) {
    this.#options = options
  }

  /** When this feed last did anything; one that is silent for longer than a blocked read takes has broken. */
  get lastTurn(): number {
    return this.#lastTurn
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /** Remembers when the next delayed task is due, as Redis said at `now`, and takes it then. */
  expect(nextDue: number | undefined, now: number): void {
    // A beat comes by way of a thread, and can be older than what is known here.
    if (now < this.#knownAt) return
    this.#knownAt = now
    clearTimeout(this.#dueTimer)
    if (nextDue === undefined || this.#stopping.signal.aborted) return
    const waitMs = Math.min(Math.max(nextDue - now, 0) + 1, maxTimerMs)
    this.#dueTimer = setTimeout(() => this.poke(), waitMs)
  }

  /** Tasks are said to wait: takes some, should it be waiting in a blocked read that does not hear of them. */
  poke(): void {
    this.#takingDue = Promise.all([this.#takingDue, this.#takeDue()]).then(() => undefined)
  }

  /** Takes nothing more. Safe when never started, and twice. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#dueTimer)
    this.#options.slots.wake()
    await this.#options.reads.release()
    await this.#loop
    await this.#takingDue
  }

  async #run(): Promise<void> {
    const { slots } = this.#options
    while (!this.#stopping.signal.aborted) {
      this.#lastTurn = Date.now()
      await slots.untilFree()
      if (this.#stopping.signal.aborted) return
      const found = await this.#fetch()
      if (found === 'full batch') await Promise.all([this.#drain(), this.#drain()])
      else if (found === 'nothing') await this.#waitForSome()
      else if (found === 'paused') await this.#nap(pausedPollMs)
      else if (found === 'lost') await this.#nap(leasePollMs)
    }
  }

  // Two of these at a time: while Redis deals with one batch, the handlers of the other run.
  async #drain(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#lastTurn = Date.now()
      await this.#options.slots.untilFree()
      if (this.#stopping.signal.aborted || !isFull(await this.#fetch())) return
    }
  }

  // Without a free slot here, it is brought to where workers with one wait for it.
  async #takeDue(): Promise<void> {
    if ((await this.#fetch()) !== 'no slot') return
    const reserved = await this.#options.consumer.reserve(0).catch(() => undefined)
    if (!reserved) return
    const { nextDue, now } = reserved
    this.expect(nextDue && Math.max(nextDue, now + bringEveryMs), now)
  }

  async #fetch(): Promise<Fetched> {
    const { consumer, slots } = this.#options
    const count = slots.acquire(Math.min(maxBatch, Math.ceil(slots.size / 2)))
    if (count === 0) return 'no slot'
    let started = 0
    try {
      const reserved = await consumer.reserve(count)
      this.#failures = 0
      started = this.#startAll(reserved)
      if (reserved.state !== 'open') return reserved.state
      if (started === count) return 'full batch'
      return started > 0 ? 'some' : 'nothing'
    } catch (error) {
      await this.#napAfter(error as Error)
      return 'some'
    } finally {
      slots.release(count - started)
    }
  }

  #startAll({ tasks, nextDue, now }: Reserved): number {
    this.expect(nextDue, now)
    for (const task of tasks) this.#options.start({ task, takenAt: now })
    return tasks.length
  }

  // Nothing came: nothing has to be asked for either, the heartbeat would have told.
  async #waitForSome(): Promise<void> {
    do {
      this.#lastTurn = Date.now()
    } while (!(await this.#waitForOne()) && !this.#stopping.signal.aborted)
  }

  /** Whether something may have come. */
  async #waitForOne(): Promise<boolean> {
    const { consumer, reads } = this.#options
    const held = heldKey(consumer.list, consumer.id)
    try {
      // As it is: a bare value may be any bytes, and is found again by them.
      const element = await reads.read((redis) =>
        redis.blmoveBuffer(consumer.list, held, 'RIGHT', 'LEFT', feedBlockMs / 1000),
      )
      if (element === null) return false
      await this.#onElement(element)
    } catch (error) {
      await this.#napAfter(error as Error)
    }
    return true
  }

  // What is inline can start at once: it was enqueued this moment, to a queue that was open. The rest is asked for, and so
  // is what may have come long ago, to a process that was frozen, and been given to another since.
  async #onElement(element: Buffer): Promise<void> {
    const text = element.toString()
    const decoded = decodeElement(text)
    // What is not UTF-8 is only found again by its bytes.
    const exact = text.includes('\ufffd') ? element : text
    const adopting = this.#adopt(exact, decoded.kind === 'bare' ? newTaskId() : '')
    if (decoded.kind === 'inline' && this.#options.isAwake() && this.#takeSlot()) {
      const confirmed = adopting.then((adopted) => (adopted.state === 'held' ? adopted.takenAt : undefined))
      this.#options.start({ task: decoded.task, takenAt: decoded.task.enqueuedAt, confirmed })
      await adopting
      return
    }
    const adopted = await adopting
    if (adopted.state === 'held') this.#startOrGiveBack(adopted)
  }

  // Safe to repeat. Given up only when stopping: then it is found in the held list after the lease has ended.
  async #adopt(element: Buffer | string, bareId: string): Promise<Adopted> {
    for (;;) {
      try {
        return await this.#options.consumer.adopt(element, bareId)
      } catch (error) {
        if (this.#stopping.signal.aborted) return { state: 'lost' }
        await this.#napAfter(error as Error)
      }
    }
  }

  #startOrGiveBack(taken: TakenTask): void {
    if (this.#takeSlot()) this.#options.start(taken)
    else this.#options.giveBack(taken.task)
  }

  #takeSlot(): boolean {
    return !this.#stopping.signal.aborted && this.#options.slots.acquire(1) === 1
  }

  // Said once, however long it lasts; and not retried in a spin.
  async #napAfter({ message: reason }: Error): Promise<void> {
    this.#failures += 1
    if (this.#failures === 1) this.#options.log.warn({ reason }, 'cannot take tasks, trying on')
    await this.#nap(backoffMs(this.#failures, { baseMs: 100, capMs: 2000 }))
  }

  async #nap(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }
}
