import type { Handler, Registry } from '../handlers/registry.js'
import { type TaskSettings, UnrecoverableError } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import { failed, succeeded } from '../queue/outcome.js'
import type { Outcome, TaskConsumer } from '../queue/task-consumer.js'
import { referenceTo } from '../queue/task-element.js'
import { publicId } from '../queue/task-id.js'
import { AbortedError } from './aborted-error.js'
import { Postponement } from './postponement.js'
import { Progress } from './progress.js'
import { type Run, runTask } from './run-task.js'
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
  /** A run begins; gives it its row in the running table. */
  onStart: (run: Omit<Run, 'row'>, handler: Handler) => number
  /** A run has ended, or a task was put off, and its slot is free: the row of the run. */
  onEnd: (row?: number) => void
  /** A handler neither ended nor heeded its signal. */
  onStuck: (run: Run) => void
}

/** What a handler gets beyond its timeout to heed its signal. */
export const stuckAfterMs = 5000
const maxTimerMs = 2 ** 31 - 1

/** Runs the tasks of one queue and records how they end. */
export class QueueRunner {
  readonly settler: Settler
  readonly runs = new Map<string, Run>()
  readonly #options: QueueRunnerOptions
  readonly #progress: Progress
  readonly #running = new Map<Handler, number>()
  readonly #postponement: Postponement

  constructor(options: QueueRunnerOptions) {
    this.#options = options
    this.settler = new Settler(options.consumer, options.log)
    this.#progress = new Progress(options.consumer)
    this.#postponement = new Postponement(options.log)
  }

  /**
   * Starts a task, or puts it off if it cannot be run here or now. It never throws.
   *
   * @param confirmed where it may turn out not to be ours
   */
  start(task: StoredTask, confirmed?: Promise<boolean>): void {
    if (this.settler.isPending(task.id)) return void this.#startIfHeld(task)
    if (this.#isRunning(task)) return this.#options.onEnd()
    const handler = this.#handlerOf(task)
    if (!handler) return this.#startWithout(task, confirmed)
    // It was given away and came back, and its earlier run, which was aborted, has not ended yet.
    const isRunning = this.runs.has(task.id)
    if (isRunning || (this.#running.get(handler) ?? 0) >= handler.concurrency)
      this.#settleUnstarted(task, confirmed, this.#postponement.whileBusy(handler))
    else this.#begin(handler, task, confirmed)
  }

  /** Gives a task back that was not started; no attempt is counted. */
  giveBack(task: StoredTask): void {
    this.settler.settle(task, { kind: 'return' })
  }

  /** Aborts a run; what becomes of it is decided when it ends. */
  abort(run: Run, error: AbortedError): void {
    run.controller.abort(error)
  }

  /** A task is no longer this worker's: its run is aborted, its outcome will be discarded. */
  revoke(run: Run): void {
    run.revoked = true
    this.abort(run, new AbortedError('lease lost', 'the lease was lost: the task is no longer held here'))
  }

  /** Settles a run that is still going on, and takes no notice of how it ends. */
  surrender(run: Run, outcome: Outcome): void {
    if (run.revoked) return
    run.revoked = true
    this.settler.settle(run.task, outcome)
  }

  /** Resolves when nothing is running and every outcome so far is recorded. */
  async idle(): Promise<void> {
    while (this.runs.size > 0) await Promise.race([...this.runs.values()].map(({ ended }) => ended))
    await this.settler.drained()
  }

  stop(): void {
    this.#progress.stop()
  }

  // An answer that was lost, and found again, can bring a task twice.
  #isRunning(task: StoredTask): boolean {
    const run = this.runs.get(task.id)
    return run?.task.failed === task.failed && !run.revoked
  }

  // Its outcome may have been recorded, and the task have come back, before the answer to that is here; or the outcome is
  // sent a second time and takes it away again.
  async #startIfHeld({ id }: StoredTask): Promise<void> {
    const { consumer, onEnd } = this.#options
    await this.settler.untilSettled(id)
    const adopted = await consumer.adopt(referenceTo(id), id).catch(() => undefined)
    if (adopted?.state === 'held') this.start(adopted.task)
    else onEnd()
  }

  #handlerOf({ name }: StoredTask): Handler | undefined {
    const { handlers, rawHandler = '' } = this.#options
    return handlers.get(name === '' ? rawHandler : name)
  }

  #startWithout(task: StoredTask, confirmed: Promise<boolean> | undefined): void {
    const { consumer } = this.#options
    if (task.name !== '')
      return this.#settleUnstarted(task, confirmed, this.#postponement.withoutHandler(task))
    const now = Date.now()
    const error = new UnrecoverableError(`no handler for bare values of queue ${consumer.queue}`)
    delete error.stack
    const facts = { worker: consumer.id, startedAt: now, endedAt: now, canRetry: false }
    this.#settleUnstarted(task, confirmed, failed(task, error, facts))
  }

  #settleUnstarted(task: StoredTask, confirmed: Promise<boolean> | undefined, outcome: Outcome): void {
    const settle = () => this.settler.settle(task, outcome)
    if (confirmed) void confirmed.then((isOurs) => isOurs && settle())
    else settle()
    this.#options.onEnd()
  }

  #begin(handler: Handler, task: StoredTask, confirmed: Promise<boolean> | undefined): void {
    const { queue, onStart } = this.#options
    const begun = {
      task,
      queue,
      controller: new AbortController(),
      startedAt: Date.now(),
      revoked: false,
      ended: Promise.resolve(),
    }
    const run: Run = Object.assign(begun, { row: onStart(begun, handler) })
    this.runs.set(task.id, run)
    this.#running.set(handler, (this.#running.get(handler) ?? 0) + 1)
    const isConfirmed = confirmed?.then((isOurs) => isOurs || this.revoke(run))
    run.ended = this.#run(handler, run, isConfirmed)
  }

  async #run(handler: Handler, run: Run, isConfirmed: Promise<unknown> | undefined): Promise<void> {
    const timer = this.#limitTime(handler, run)
    let outcome: Outcome
    try {
      outcome = succeeded(await this.#call(handler, run))
    } catch (error) {
      outcome = this.#failure(run, error)
    }
    clearTimeout(timer.current)
    // Until it is known whose the task is, it stays among the runs: else it would be found in the held list, and run.
    if (isConfirmed) await isConfirmed
    this.#end(handler, run)
    if (run.revoked) this.#sayDiscarded(run, outcome)
    else this.settler.settle(run.task, outcome)
  }

  #call(handler: Handler, run: Run): Promise<unknown> {
    const { consumer, log, settings } = this.#options
    const id = publicId(consumer.queue, run.task.id)
    return runTask(handler, run, {
      publicId: id,
      log: log.child({ task: id, handler: handler.name }),
      onProgress: (fraction, note) => this.#progress.report(run.task.id, fraction, note),
      settings,
    })
  }

  #limitTime(handler: Handler, run: Run): { current?: NodeJS.Timeout } {
    const timeoutMs = timeoutOf(handler, run.task)
    const timer: { current?: NodeJS.Timeout } = {}
    if (timeoutMs === undefined) return timer
    timer.current = setTimeout(
      () => {
        this.abort(run, new AbortedError('timeout', `timed out after ${timeoutMs} ms`))
        timer.current = setTimeout(() => this.#options.onStuck(run), stuckAfterMs)
      },
      Math.min(timeoutMs, maxTimerMs),
    )
    return timer
  }

  // Aborted, it is the abort's reason that decides, whatever the handler made of it.
  #failure(run: Run, thrown: unknown): Outcome {
    const reason: unknown = run.controller.signal.reason
    const about = { worker: this.#options.consumer.id, startedAt: run.startedAt, endedAt: Date.now() }
    if (!(reason instanceof AbortedError))
      return failed(run.task, thrown, { ...about, canRetry: !(thrown instanceof UnrecoverableError) })
    if (reason.reason === 'shutdown') return { kind: 'return' }
    if (reason.reason !== 'cancelled') return failed(run.task, reason, about)
    return { kind: 'cancelled', detail: JSON.stringify({ name: reason.name, message: reason.message }) }
  }

  #end(handler: Handler, run: Run): void {
    this.#running.set(handler, (this.#running.get(handler) ?? 1) - 1)
    this.runs.delete(run.task.id)
    this.#progress.forget(run.task.id)
    this.#options.onEnd(run.row)
  }

  #sayDiscarded({ task }: Run, { kind }: Outcome): void {
    this.#options.log.warn({ task: task.id, outcome: kind }, 'no longer ours: the outcome is discarded')
  }
}

/** Time for one attempt, ms. */
export function timeoutOf(handler: Handler, { options }: StoredTask): number | undefined {
  return options.t ?? handler.timeoutMs
}
