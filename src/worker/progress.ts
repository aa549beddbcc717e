import type { TaskConsumer } from '../queue/task-consumer.js'

const everyMs = 100

/** Passes on how far tasks are: the latest of each, all together, ten times a second at most. */
export class Progress {
  readonly #latest = new Map<string, { fraction: number; note: string }>()
  #timer: NodeJS.Timeout | undefined

  constructor(private readonly consumer: TaskConsumer) {}

  report(id: string, fraction: number, note: string): void {
    this.#latest.set(id, { fraction, note: note.replace(/[\n\t]/g, ' ').slice(0, 200) })
    this.#timer ??= setTimeout(() => this.#send(), everyMs)
  }

  /** Forgets a task that has ended: its record says more. */
  forget(id: string): void {
    this.#latest.delete(id)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #send(): void {
    this.#timer = undefined
    const reports = [...this.#latest].map(([id, report]) => ({ id, ...report }))
    this.#latest.clear()
    // One that is lost does not matter: the next says more.
    if (reports.length > 0) this.consumer.noteProgress(reports).catch(() => undefined)
  }
}
