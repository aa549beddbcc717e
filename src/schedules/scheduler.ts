import { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import { isOutOfReach, WrongTypeError } from '../redis/errors.js'
import type { Due, DueSchedules } from './due-schedules.js'
import { nextDue } from './timing.js'

export interface SchedulerOptions {
  due: DueSchedules
  log: Logger
  /** Longest time between two looks: a change that another process makes is seen after so long at the latest. */
  idleMs: number
}

/** How long a run that its queue had no room for is put off. */
const postponeMs = 5000
/** How long to wait when a due time was not dealt with: the turn of whoever is at it has passed then. */
const againMs = 500

/**
 * Enqueues the tasks of schedules when they are due. It may live in any number of processes, and die in any.
 *
 * What was missed while none lived is made up for by one run.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  readonly #duty: Duty
  #isWoken = false
  #hasFailed = false

  constructor(options: SchedulerOptions) {
    this.#options = options
    this.#duty = new Duty(
      () => this.#look(),
      (error) => this.#onError(error as Error),
    )
  }

  start(): void {
    this.#duty.start()
  }

  /** Looks at the schedules now: one was changed. */
  wake(): void {
    this.#isWoken = true
    this.#duty.wake()
  }

  /** Waits for the runs in hand. Safe when never started, and twice. */
  async stop(): Promise<void> {
    await this.#duty.stop()
  }

  async #look(): Promise<number> {
    this.#isWoken = false
    const { now, next = Infinity, due } = await this.#options.due.take()
    const dealtWith = await Promise.allSettled(due.map((each) => this.#run(each)))
    const failed = dealtWith.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
    this.#hasFailed = false
    if (dealtWith.some((each) => each.status === 'fulfilled' && !each.value)) return againMs
    if (due.length > 0 || this.#isWoken) return 0
    return Math.min(Math.max(next - now, 1), this.#options.idleMs)
  }

  /** False if it is still to be dealt with. */
  async #run(due: Due): Promise<boolean> {
    const { timing, anchor, name } = due.schedule
    const enqueued = await this.#options.due.enqueue(due).catch(refusal)
    if (enqueued.outcome === 'stale') return false
    if (enqueued.outcome !== 'enqueued') return this.#postpone(due, enqueued)
    const { run } = enqueued
    const next = nextDue(timing, anchor, Math.max(due.dueAt, due.now))
    const isMine = await this.#options.due.advance(due, next, run)
    if (isMine)
      this.#options.log.debug({ schedule: name, task: run.id, dueAt: run.dueAt }, 'scheduled task enqueued')
    return true
  }

  // Out of the way of the other schedules.
  async #postpone(due: Due, { outcome, reason }: { outcome: string; reason?: string }): Promise<true> {
    const { name, queue } = due.schedule
    this.#options.log.warn({ schedule: name, queue, reason: reason ?? outcome }, 'scheduled task put off')
    await this.#options.due.advance(due, due.now + postponeMs)
    return true
  }

  // That Redis is out of reach is said where its connection is watched.
  #onError(error: Error): void {
    const isKnown = error.name === 'RedisUnavailableError' && isOutOfReach(error.cause)
    const level = isKnown || this.#hasFailed ? 'debug' : 'error'
    this.#hasFailed ||= !isKnown
    this.#options.log[level]({ err: error }, 'the schedules could not be dealt with, trying again')
  }
}

// The only errors after which it is certain that nothing was enqueued: any other may have taken effect.
function refusal(error: unknown): { outcome: 'refused'; reason: string } {
  if (!(error instanceof WrongTypeError)) throw error
  return { outcome: 'refused', reason: error.message }
}
