import type { Handler, Registry } from '../handlers/registry.js'
import { type TaskSettings, UnrecoverableError } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import { failed, succeeded } from '../queue/outcome.js'
import type { Outcome, TaskConsumer } from '../queue/task-consumer.js'
import { referenceTo } from '../queue/task-element.js'
import { publicId } from '../queue/task-id.js'
import { AbortedError } from './aborted-error.js'
import { ById } from './by-id.js'
import { limitTime } from './limit-time.js'
import { Parking } from './parking.js'
import { Postponement } from './postponement.js'
import { Run, type TakenTask } from './run.js'
import { runTask } from './run-task.js'
import { RunningNotes } from './running-notes.js'
import { Settler } from './settler.js'

export interface QueueRunnerOptions {
  consumer: TaskConsumer
  /** Index of the queue among the worker's. */
  queue: number
  handlers: Registry
  /** Name of the handler for values that other programs pushed without an envelope. */
  rawHandler: string | undefined
  /** Handed to every handler. */
  settings: TaskSettings
  log: Logger
  /** A run begins. */
  onStart: (run: Run) => void
  /** A run has ended, or a task was put off, and its slot is free. */
  onEnd: (run?: Run) => void
  /** Takes a slot, if one is free. */
  takeSlot: () => boolean
  /** A handler neither ended nor heeded its signal. */
  onStuck: (run: Run) => void
}

/** Runs the tasks of one queue and records how they end. */
export class QueueRunner {
  readonly settler: Settler
  readonly runs = new ById<Run>()
  readonly #options: QueueRunnerOptions
  readonly #notes: RunningNotes
  readonly #running = new Map<Handler, number>()
  readonly parking = new Parking()
  readonly #postponement: Postponement

  constructor(options: QueueRunnerOptions) {
    this.#options = options
    this.settler = new Settler(options.consumer, options.log)
    this.#notes = new RunningNotes(options.consumer, this.runs)
    this.#postponement = new Postponement(options.log)
  }

  /** Starts a task, or puts it off if it cannot be run here or now. It never throws. */
  start(taken: TakenTask): void {
    const { task } = taken
    if (this.settler.isPending(task.id)) return void this.#startIfHeld(task)
    if (this.#isRunning(task)) return this.#options.onEnd()
    const handler = this.#handlerOf(task)
    if (!handler) return this.#startWithout(taken)
    // It was given away and came back, and its earlier run, which was aborted, has not ended yet.
    if (this.runs.has(task.id)) this.#settleUnstarted(taken, this.#postponement.whileBusy(handler))
    else if (this.#hasPlace(handler)) this.#begin(handler, taken)
    else this.#settleUnstarted(taken, this.#putOff(handler, task))
  }

  /** Gives a task back that was not started; no attempt is counted. */
  giveBack(task: StoredTask): void {
    this.settler.settle({ id: task.id, attempt: task.failed + 1, outcome: { kind: 'return' } })
  }

  /** A task is no longer this worker's: its run is aborted, its outcome will be discarded. */
  revoke(run: Run): void {
    run.isRevoked = true
    run.abort(new AbortedError('lease lost', 'the lease was lost: the task is no longer held here'))
  }

  /** Settles a run that is still going on, and takes no notice of how it ends. */
  surrender(run: Run, outcome: Outcome): void {
    if (run.isRevoked) return
    run.isRevoked = true
    this.#settle(run, outcome)
  }

  /** How an attempt that ended with this error ends: tried again, dead, or as it was aborted. */
  failure(run: Run, thrown: unknown): Outcome {
    const reason = run.abortReason
    const about = { worker: this.#options.consumer.id, policy: run.handler.policy, ...run.times() }
    // Aborted, it is the abort's reason that decides, whatever the handler made of it.
    if (!reason) return failed(run.task, thrown, { ...about, canRetry: !isUnrecoverable(thrown) })
    if (reason.reason === 'shutdown') return { kind: 'return' }
    if (reason.reason !== 'cancelled') return failed(run.task, reason, about)
    return { kind: 'cancelled', detail: JSON.stringify({ name: reason.name, message: reason.message }) }
  }

  /** Resolves when nothing is running and every outcome so far is recorded. */
  async idle(): Promise<void> {
    while (this.runs.size > 0) await Promise.race(this.runs.values().map(({ ended }) => ended))
    await this.settler.drained()
  }

  stop(): void {
    this.#notes.stop()
  }

  // An answer that was lost, and found again, can bring a task twice.
  #isRunning(task: StoredTask): boolean {
    const run = this.runs.get(task.id)
    return run?.task.failed === task.failed && !run.isRevoked
  }

  // Its outcome may have been recorded, and the task have come back, before the answer to that is here; or the outcome is
  // sent a second time and takes it away again.
  async #startIfHeld({ id }: StoredTask, parkedFor?: Handler): Promise<void> {
    const { consumer, onEnd } = this.#options
    await this.settler.untilSettled(id)
    const adopted = await consumer.adopt(referenceTo(id), id).catch(() => undefined)
    if (adopted?.state === 'held') return this.start(adopted)
    onEnd()
    if (parkedFor) this.#startParked(parkedFor)
  }

  #hasPlace(handler: Handler): boolean {
    return (this.#running.get(handler) ?? 0) < handler.concurrency
  }

  #putOff(handler: Handler, task: StoredTask): Outcome {
    if (this.parking.add(handler, task)) return { kind: 'park' }
    return this.#postponement.whileBusy(handler, this.parking.paceMs(handler))
  }

  #startParked(handler: Handler): void {
    if (!this.#hasPlace(handler) || !this.#options.takeSlot()) return
    const task = this.parking.next(handler)
    if (task) void this.#startIfHeld(task, handler)
    else this.#options.onEnd()
  }

  #handlerOf({ name }: StoredTask): Handler | undefined {
    const { handlers, rawHandler = '' } = this.#options
    return handlers.get(name === '' ? rawHandler : name)
  }

  #startWithout(taken: TakenTask): void {
    const { consumer } = this.#options
    const { task, takenAt } = taken
    if (task.name !== '') return this.#settleUnstarted(taken, this.#postponement.withoutHandler(task))
    const error = new UnrecoverableError(`no handler for bare values of queue ${consumer.queue}`)
    delete error.stack
    const facts = { worker: consumer.id, startedAt: takenAt, endedAt: takenAt, canRetry: false }
    this.#settleUnstarted(taken, failed(task, error, facts))
  }

  #settleUnstarted({ task, takenAt, confirmed }: TakenTask, outcome: Outcome): void {
    const settle = (startedAt: number) =>
      this.settler.settle({ id: task.id, attempt: task.failed + 1, startedAt, outcome })
    if (confirmed) void confirmed.then((at) => at !== undefined && settle(at))
    else settle(takenAt)
    this.#options.onEnd()
  }

  #begin(handler: Handler, taken: TakenTask): void {
    const run = new Run(handler, taken, this.#options.queue)
    this.runs.set(run)
    this.#running.set(handler, (this.#running.get(handler) ?? 0) + 1)
    this.#options.onStart(run)
    const isConfirmed = taken.confirmed?.then((at) => this.#onConfirmed(run, at))
    this.#run(run, isConfirmed)
    this.#notes.wake()
  }

  #onConfirmed(run: Run, at: number | undefined): void {
    if (at === undefined) this.revoke(run)
    else run.takenAt = at
  }

  // A handler that returns no promise has ended by then: most of what it costs to run it would be promises of ours.
  #run(run: Run, isConfirmed: Promise<void> | undefined): void {
    const clearLimit = limitTime(run, this.#options.onStuck)
    const outcome = this.#outcomeOf(run)
    if (outcome instanceof Promise) {
      run.ended = outcome.then(async (settled) => {
        clearLimit?.()
        await this.#conclude(run, settled, isConfirmed)
      })
      return
    }
    clearLimit?.()
    if (isConfirmed) run.ended = this.#conclude(run, outcome, isConfirmed)
    else this.#end(run, outcome)
  }

  #outcomeOf(run: Run): Outcome | Promise<Outcome> {
    try {
      const result = this.#call(run)
      return isThenable(result) ? this.#await(run, result) : succeeded(result)
    } catch (error) {
      return this.failure(run, error)
    }
  }

  async #await(run: Run, result: PromiseLike<unknown>): Promise<Outcome> {
    try {
      return succeeded(await result)
    } catch (error) {
      return this.failure(run, error)
    }
  }

  // Until it is known whose the task is, it stays among the runs: else it would be found in the held list, and run.
  async #conclude(run: Run, outcome: Outcome, isConfirmed: Promise<void> | undefined): Promise<void> {
    await isConfirmed
    this.#end(run, outcome)
  }

  #call(run: Run): unknown {
    const { consumer, log, settings } = this.#options
    return runTask(run, {
      publicId: publicId(consumer.queue, run.task.id),
      log,
      onProgress: (fraction, note) => this.#notes.report(run, fraction, note),
      settings,
    })
  }

  #settle({ task, attempt, takenAt: startedAt }: Run, outcome: Outcome): void {
    this.settler.settle({ id: task.id, attempt, startedAt, outcome })
  }

  #end(run: Run, outcome: Outcome): void {
    if (run.isRevoked) this.#sayDiscarded(run, outcome)
    else this.#settle(run, outcome)
    this.#running.set(run.handler, (this.#running.get(run.handler) ?? 1) - 1)
    this.runs.delete(run.task.id)
    this.#options.onEnd(run)
    if (run.handler.concurrency !== Infinity) this.parking.learn(run.handler, Date.now() - run.startedAt)
    if (this.parking.size > 0) this.#startParked(run.handler)
  }

  #sayDiscarded({ task }: Run, { kind }: Outcome): void {
    this.#options.log.warn({ task: task.id, outcome: kind }, 'no longer ours: the outcome is discarded')
  }
}

// What is thrown may be a Proxy that refuses to be looked at.
function isUnrecoverable(thrown: unknown): boolean {
  try {
    return thrown instanceof UnrecoverableError
  } catch {
    return false
  }
}

function isThenable(result: unknown): result is PromiseLike<unknown> {
  return typeof (result as PromiseLike<unknown> | null | undefined)?.then === 'function'
}
