import { Duty } from '../../process/duty.js'
import type { QueueCounts } from '../../queue/queue-counts.js'
import type { QueueSummary } from '../task-board.js'
import { TrafficHistory, type TrafficPoint } from './traffic-history.js'

type ShownCount = 'name' | 'isPaused' | 'waiting' | 'delayed' | 'active' | 'dead' | 'done' | 'failed'

/** A queue as pages show it: lengths, what passes per second, and how old its oldest task is. */
export interface QueueRow extends Pick<QueueCounts, ShownCount> {
  /** ms; of the task that waits longest. */
  oldestAgeMs?: number
}

/** Queues that changed since the last event, and names of those that are no more. */
interface QueuesEvent {
  queues: QueueRow[]
  gone: string[]
  at: number
}

export interface QueueWatchOptions {
  /** Every queue's lengths and rates. */
  queues: (atMost: number) => Promise<QueueSummary[]>
  /** Whether anyone looks on; else nothing is asked. */
  isWatched: () => boolean
  onChange: (event: QueuesEvent) => void
}

/** Queues that pages show; the others are in `GET /queues`. */
const shownQueues = 500
/** Up to fifty queues are looked at ten times a second, a hundred five times, five hundred once. */
const leastEveryMs = 100
const perQueueMs = 2
const unwatchedEveryMs = 1000
/** What all queues do together has the series of no name. */
const together = ''

/** Sees task queues change, for all open pages at once. */
export class QueueWatch {
  readonly #options: QueueWatchOptions
  readonly #duty: Duty
  readonly #history = new TrafficHistory()
  #known = new Map<string, string>()
  #latest: QueueRow[] = []

  constructor(options: QueueWatchOptions) {
    this.#options = options
    this.#duty = new Duty(
      () => this.#watch(),
      () => undefined,
    )
  }

  start(): void {
    this.#duty.start()
  }

  /** What the last look found. */
  get latest(): QueueRow[] {
    return this.#latest
  }

  /** Looks at once: someone has begun to watch. */
  wake(): void {
    this.#duty.wake()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** A fresh look at all queues, for a page that opens. */
  async look(): Promise<QueueRow[]> {
    this.#latest = (await this.#options.queues(shownQueues)).map(toRow)
    return this.#latest
  }

  /** The last minutes of one queue, or of all together. */
  history(name = together): TrafficPoint[] {
    return this.#history.points(name)
  }

  async #watch(): Promise<number> {
    if (!this.#options.isWatched()) {
      this.#known.clear()
      return unwatchedEveryMs
    }
    const rows = await this.look()
    this.#compare(rows)
    this.#remember(rows)
    return Math.max(leastEveryMs, rows.length * perQueueMs)
  }

  #compare(rows: QueueRow[]): void {
    const found = new Map(rows.map((row) => [row.name, fingerprint(row)]))
    const queues = rows.filter(({ name }) => this.#known.get(name) !== found.get(name))
    const gone = [...this.#known.keys()].filter((name) => !found.has(name))
    this.#known = found
    if (queues.length + gone.length > 0) this.#options.onChange({ queues, gone, at: Date.now() })
  }

  #remember(rows: QueueRow[]): void {
    const seconds = Math.floor(Date.now() / 1000)
    const sum = (name: 'waiting' | 'done' | 'failed') => rows.reduce((total, row) => total + row[name], 0)
    this.#history.add(together, [seconds, sum('waiting'), sum('done'), sum('failed')])
    for (const { name, waiting, done, failed } of rows) {
      this.#history.add(name, [seconds, waiting, done, failed])
    }
  }
}

// An age that only grows is no news: pages count on by themselves.
function fingerprint({ oldestAgeMs, ...row }: QueueRow): string {
  return JSON.stringify([row, oldestAgeMs !== undefined])
}

/** What pages show of a queue. */
export function toRow(summary: QueueSummary): QueueRow {
  const { name, isPaused, waiting, delayed, active, dead, rates, oldestWaitingAt } = summary
  const age = oldestWaitingAt === undefined ? {} : { oldestAgeMs: Math.max(Date.now() - oldestWaitingAt, 0) }
  return { name, isPaused, waiting, delayed, active, dead, done: rates.done, failed: rates.failed, ...age }
}
