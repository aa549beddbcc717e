import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, JobOutcome } from '../channel/job.js'
import type { Handler, Registry } from '../handlers/registry.js'
import type { TaskSettings } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { succeeded } from '../queue/outcome.js'
import { toStoredError } from '../queue/stored-error.js'
import { newTaskId } from '../queue/task-id.js'
import { AbortedError } from './aborted-error.js'
import { limitTime } from './limit-time.js'
import { Run } from './run.js'
import { runTask } from './run-task.js'

export interface JobRunnerOptions {
  handlers: Registry
  /** Handed to every handler. */
  settings: TaskSettings
  /** Handlers at a time. */
  concurrency: number
  /** Time for running handlers when stopping. */
  graceMs: number
  log: Logger
  /** A job has come that a handler is to run. */
  onReceived: (job: Job) => void
  onEnd: (job: Job, outcome: JobOutcome, tookMs: number) => void
  /** A handler ran past its timeout and did not heed its signal: the process has to end. */
  onStuck: (error: Error) => void
}

interface Waiting {
  job: Job
  handler: Handler
}

interface JobRun {
  run: Run
  /** Reports the outcome; the first one counts. */
  end: (outcome: JobOutcome) => void
}

/** Jobs that may wait for a free slot; nobody keeps those of a worker that takes more than it can do. */
const maxWaiting = 1000
/** What aborted handlers get to end, when stopping. */
const abortGraceMs = 2000

/** Runs the jobs of a pubsub worker, once each: what is cut short is not tried again. */
export class JobRunner {
  readonly #options: JobRunnerOptions
  readonly #running = new Map<Handler, number>()
  readonly #runs = new Set<JobRun>()
  #waiting: Waiting[] = []
  #isStopping = false

  constructor(options: JobRunnerOptions) {
    this.#options = options
  }

  /** Takes a job, and runs it when there is a free slot. It never throws. */
  take(job: Job): void {
    if (this.#isStopping) return
    if (job.task === undefined) return this.#options.onEnd(job, done(job.data), 0)
    if (job.mistake) return this.#refuse(job, job.mistake)
    const { handlers } = this.#options
    const handler = handlers.get(job.task)
    if (!handler)
      return this.#refuse(job, `task: expected one of ${[...handlers.keys()].join(', ')}, got "${job.task}"`)
    if (this.#waiting.length >= maxWaiting) return this.#refuse(job, `${maxWaiting} jobs wait here already`)
    this.#options.onReceived(job)
    this.#waiting.push({ job, handler })
    this.#startWaiting()
  }

  /** Takes nothing more; what waits has failed, what runs gets `graceMs` and is then aborted. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopping = true
    for (const { job } of this.#waiting) this.#refuse(job, 'the worker is stopping')
    this.#waiting = []
    if (await this.#idleWithin(this.#options.graceMs)) return
    this.#options.log.warn({ jobs: this.#runs.size }, 'no time left: aborting jobs')
    const error = new AbortedError('shutdown', 'the worker is stopping')
    for (const { run } of this.#runs) run.abort(error)
    await this.#idleWithin(abortGraceMs)
    for (const { end } of this.#runs) end(failed(error))
  }

  #startWaiting(): void {
    while (this.#runs.size < this.#options.concurrency) {
      const index = this.#waiting.findIndex(
        ({ handler }) => (this.#running.get(handler) ?? 0) < handler.concurrency,
      )
      const [next] = index < 0 ? [] : this.#waiting.splice(index, 1)
      if (!next) return
      this.#start(next)
    }
  }

  #start({ job, handler }: Waiting): void {
    const { name } = handler
    const data = JSON.stringify(job.data ?? {})
    const now = Date.now()
    const task = { id: newTaskId(), failed: 0, name, options: {}, data, enqueuedAt: now }
    const run = new Run(handler, { task, takenAt: now }, 0)
    const jobRun = { run, end: this.#reporterOf(job) }
    this.#runs.add(jobRun)
    this.#count(handler, 1)
    run.ended = this.#run(jobRun).finally(() => {
      this.#count(handler, -1)
      this.#runs.delete(jobRun)
      this.#startWaiting()
    })
  }

  #reporterOf(job: Job): JobRun['end'] {
    const startedAt = Date.now()
    let isReported = false
    return (outcome) => {
      if (!isReported) this.#options.onEnd(job, outcome, Date.now() - startedAt)
      isReported = true
    }
  }

  // Aborted, it is the abort's reason that decides, whatever the handler made of it.
  async #run({ run, end }: JobRun): Promise<void> {
    const clearLimit = limitTime(run, () => this.#giveUp({ run, end }))
    const { log, settings } = this.#options
    const { id: publicId } = run.task
    try {
      end(done(await runTask(run, { publicId, log, settings, onProgress: () => undefined })))
    } catch (error) {
      end(failed(run.abortReason ?? error))
    }
    clearLimit?.()
  }

  #giveUp({ run, end }: JobRun): void {
    end(failed(run.abortReason))
    const { name } = run.handler
    this.#options.onStuck(new Error(`${name} ${run.abortReason?.message} and did not heed its signal`))
  }

  #refuse(job: Job, message: string): void {
    this.#options.onEnd(job, failed(new Error(message)), 0)
  }

  #count(handler: Handler, change: number): void {
    this.#running.set(handler, (this.#running.get(handler) ?? 0) + change)
  }

  async #idleWithin(ms: number): Promise<boolean> {
    const idle = Promise.all([...this.#runs].map(({ run }) => run.ended)).then(() => true)
    return Promise.race([idle, sleep(ms, false, { ref: false })])
  }
}

function done(result: unknown): JobOutcome {
  const { detail } = succeeded(result) as { detail: string }
  return { state: 'done', json: detail }
}

function failed(thrown: unknown): JobOutcome {
  const { name, message } = toStoredError(thrown)
  return { state: 'failed', json: JSON.stringify({ name, message }) }
}
