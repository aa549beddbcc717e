import type { Handler, Registry } from '../handlers/registry.js'
import { UnrecoverableError } from '../handlers/task.js'
import type { TaskSettings } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import type { Outcome, TaskConsumer } from '../queue/task-consumer.js'
import { publicId } from '../queue/task-id.js'
import { AbortedError } from './aborted-error.js'
import { failed, succeeded } from '../queue/outcome.js'
import { Progress } from './progress.js'
import { type Run, runTask } from './run-task.js'
import { Settler } from './settler.js'

export interface QueueRunnerOptions {
  consumer: TaskConsumer
  /** Index of the queue among the worker's. */
  queue: number
  handlers: Registry
  /** Handed to every handler. */
  settings: TaskSettings
  log: Logger
  /** A run begins; gives it its row in the running table. */
  onStart: (run: Omit<Run, 'row'>, timeoutMs: number | undefined) => number
  /** A run has ended, or a task was put off, and its slot is free: the row of the run. */
  onEnd: (row?: number) => void
  /** A handler neither ended nor heeded its signal. */
  onStuck: (run: Run) => void
}

const postponeMs = { noHandler: 5000, handlerBusy: 250 } as const
/** What a handler gets beyond its timeout to heed its signal. */
export const stuckAfterMs = 5000

/** Runs the tasks of one queue and records how they end. */
export class QueueRunner {
  readonly settler: Settler
  readonly runs = new Map<string, Run>()
  readonly #options: QueueRunnerOptions
  readonly #progress: Progress
  readonly #running = new Map<Handler, number>()
  readonly #unknown = new Set<string>()

  constructor(options: QueueRunnerOptions) {
    this.#options = options
    this.settler = new Settler(options.consumer, options.log)
    this.#progress = new Progress(options.consumer)
  }

  /** Starts a task, or puts it off if it cannot be run here or now. It never throws. */
  start(task: StoredTask, confirmed?: Promise<boolean>): void {
    const handler = this.#options.handlers.get(task.name)
    if (!handler) this.#putOff(task, confirmed, 'noHandler')
    else if ((this.#running.get(handler) ?? 0) >= handler.concurrency)
      this.#putOff(task, confirmed, 'handlerBusy')
    else this.#begin(handler, task, confirmed)
  }

  /** Gives a task back that was not started; no attempt is counted. */
  giveBack(task: StoredTask): void {
    this.settler.settle(task.id, { kind: 'return' })
  }

  /** Aborts a run; what becomes of it is decided when it ends. */
  abort(run: Run, error: AbortedError): void {
    run.controller.abort(error)
  }

  /** Its tasks are no longer this worker's: their outcomes will be discarded. */
  revokeAll(): void {
    for (const run of this.runs.values()) {
      run.revoked = true
      this.abort(
        run,
        new AbortedError('lease lost', 'the lease was lost: the task is given to another worker'),
      )
    }
  }

  /** Settles a run that is still going on, and takes no notice of how it ends. */
  surrender(run: Run, outcome: Outcome): void {
    if (run.revoked) return
    run.revoked = true
    this.settler.settle(run.task.id, outcome)
  }

  /** Resolves when nothing is running and every outcome so far is recorded. */
  async idle(): Promise<void> {
    while (this.runs.size > 0) await Promise.race([...this.runs.values()].map(({ ended }) => ended))
    await this.settler.drained()
  }

  stop(): void {
    this.#progress.stop()
  }

  #begin(handler: Handler, task: StoredTask, confirmed: Promise<boolean> | undefined): void {
    const { queue, onStart } = this.#options
    const controller = new AbortController()
    const begun = {
      task,
      queue,
      controller,
      confirmed,
      startedAt: Date.now(),
      revoked: false,
      ended: Promise.resolve(),
    }
    const run: Run = Object.assign(begun, { row: onStart(begun, task.options.t ?? handler.timeoutMs) })
    // Only if it was given away and came back: the earlier run of it must not settle the later one.
    const earlier = this.runs.get(task.id)
    if (earlier) earlier.revoked = true
    this.runs.set(task.id, run)
    this.#running.set(handler, (this.#running.get(handler) ?? 0) + 1)
    run.ended = this.#run(handler, run)
  }

  async #run(handler: Handler, run: Run): Promise<void> {
    const timer = this.#limitTime(handler, run)
    let outcome: Outcome
    try {
      outcome = succeeded(await this.#call(handler, run))
    } catch (error) {
      outcome = this.#failure(run, error)
    }
    clearTimeout(timer.current)
    this.#end(handler, run)
    if (run.confirmed && !(await run.confirmed)) run.revoked = true
    if (run.revoked) this.#sayDiscarded(run, outcome)
    else this.settler.settle(run.task.id, outcome)
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
    const timeoutMs = run.task.options.t ?? handler.timeoutMs
    const timer: { current?: NodeJS.Timeout } = {}
    if (timeoutMs === undefined) return timer
    timer.current = setTimeout(() => {
      this.abort(run, new AbortedError('timeout', `timed out after ${timeoutMs} ms`))
      timer.current = setTimeout(() => this.#options.onStuck(run), stuckAfterMs)
    }, timeoutMs)
    return timer
  }

  // Aborted, it is the abort's reason that decides, whatever the handler made of it.
  #failure(run: Run, thrown: unknown): Outcome {
    const reason: unknown = run.controller.signal.reason
    const about = { worker: this.#options.consumer.id, startedAt: run.startedAt, endedAt: Date.now() }
    if (!(reason instanceof AbortedError))
      return failed(run.task, thrown, about, !(thrown instanceof UnrecoverableError))
    if (reason.reason === 'shutdown') return { kind: 'return' }
    if (reason.reason !== 'cancelled') return failed(run.task, reason, about)
    return { kind: 'cancelled', detail: JSON.stringify({ name: reason.name, message: reason.message }) }
  }

  #end(handler: Handler, run: Run): void {
    this.#running.set(handler, (this.#running.get(handler) ?? 1) - 1)
    if (this.runs.get(run.task.id) === run) this.runs.delete(run.task.id)
    this.#progress.forget(run.task.id)
    this.#options.onEnd(run.row)
  }

  #putOff(task: StoredTask, confirmed: Promise<boolean> | undefined, why: keyof typeof postponeMs): void {
    const { log, onEnd } = this.#options
    if (why === 'noHandler' && !this.#unknown.has(task.name)) {
      this.#unknown.add(task.name)
      log.warn({ handler: task.name }, 'no such handler here: its tasks are put off for other workers')
    }
    const settle = () => this.settler.settle(task.id, { kind: 'postpone', delayMs: postponeMs[why] })
    if (confirmed) void confirmed.then((isOurs) => isOurs && settle())
    else settle()
    onEnd()
  }

  #sayDiscarded({ task }: Run, { kind }: Outcome): void {
    this.#options.log.warn({ task: task.id, outcome: kind }, 'no longer ours: the outcome is discarded')
  }
}
