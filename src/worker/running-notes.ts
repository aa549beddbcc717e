import type { RunningNote, TaskConsumer } from '../queue/task-consumer.js'
import type { ById } from './by-id.js'
import type { Run } from './run.js'

const everyMs = 100

/**
 * Notes in Redis what a worker runs, and how far it is, ten times a second at most. What ends within a moment is never
 * noted: to note each task would cost as much again as to take it.
 */
export class RunningNotes {
  readonly #progress = new Map<Run, { fraction: number; note: string }>()
  readonly #noted = new WeakSet<Run>()
  #timer: NodeJS.Timeout | undefined

  /** @param runs what is running now */
  constructor(
    private readonly consumer: TaskConsumer,
    private readonly runs: ById<Run>,
  ) {}

  /** To be called when a task begins to run. */
  wake(): void {
    this.#timer ??= setTimeout(() => this.#send(), everyMs)
  }

  /** Passes on how far a task is. */
  report(run: Run, fraction: number, note: string): void {
    this.#progress.set(run, { fraction, note: note.replace(/[\n\t]/g, ' ').slice(0, 200) })
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #send(): void {
    this.#timer = undefined
    const notes = [...this.#due()].map((run) => this.#noteOf(run))
    this.#progress.clear()
    // One that is lost does not matter: the record says more, or the next note.
    if (notes.length > 0) this.consumer.note(notes).catch(() => undefined)
    if (this.runs.size > 0) this.wake()
  }

  *#due(): Generator<Run> {
    const now = Date.now()
    for (const run of this.runs.values()) {
      if (now - run.startedAt < everyMs && !this.#progress.has(run)) continue
      if (!this.#noted.has(run) || this.#progress.has(run)) yield run
    }
  }

  #noteOf(run: Run): RunningNote {
    this.#noted.add(run)
    return { id: run.id, attempt: run.attempt, startedAt: run.takenAt, ...this.#progress.get(run) }
  }
}
