import type { Handler } from '../handlers/registry.js'
import type { StoredTask } from '../queue/envelope.js'
import type { AbortedError } from './aborted-error.js'

/** A task as a worker has taken it. */
export interface TakenTask {
  task: StoredTask
  /** ms since 1970 by Redis' clock. */
  takenAt: number
  /** Where it may turn out not to be ours: when it was taken by Redis' clock, or undefined. */
  confirmed?: Promise<number | undefined>
}

/** One task that is being run. */
export class Run {
  readonly task: StoredTask
  takenAt: number
  /** ms since 1970 by this machine's clock. */
  readonly startedAt = Date.now()
  /** Its row in the running table. */
  row = 0
  /** Set once its outcome is no longer ours to record. */
  isRevoked = false
  /** Resolves when the handler has ended. */
  ended: Promise<void> = Promise.resolve()
  #controller: AbortController | undefined

  constructor(
    readonly handler: Handler,
    { task, takenAt }: TakenTask,
    /** Of its queue among the worker's. */
    readonly queue: number,
  ) {
    this.task = task
    this.takenAt = takenAt
  }

  get id(): string {
    return this.task.id
  }

  /** Counted from 1. */
  get attempt(): number {
    return this.task.failed + 1
  }

  // Made when it is asked for, which most handlers do not.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** Why it was aborted, if it was. */
  get abortReason(): AbortedError | undefined {
    return this.#controller?.signal.reason as AbortedError | undefined
  }

  /** Aborts its signal; what becomes of it is decided when the handler ends. */
  abort(error: AbortedError): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(error)
  }

  /** Time for this attempt, ms; undefined if there is no limit. */
  get timeoutMs(): number | undefined {
    return this.task.options.t ?? this.handler.timeoutMs
  }

  /** When it began and ended, ms since 1970 by Redis' clock, or nearly. */
  times(): { startedAt: number; endedAt: number } {
    return { startedAt: this.takenAt, endedAt: this.takenAt + Date.now() - this.startedAt }
  }
}
