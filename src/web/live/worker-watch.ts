import { Duty } from '../../process/duty.js'
import type { WorkerInfo } from '../../queue/workers.js'
import { shownWorkers, stateOf, toWorkerRow, type WorkerRow } from './worker-row.js'

/** What became of a tasks worker, as pages are told of it. */
export interface WorkerEvent {
  id: string
  name: string
  state: 'idle' | 'working' | 'blocked' | 'gone'
  /** Tasks that it runs. */
  running: number
  concurrency: number
}

export interface WorkerWatchOptions {
  workers: () => Promise<WorkerInfo[]>
  /** Whether anyone looks on; else nothing is asked. */
  isWatched: () => boolean
  onEvent: (event: WorkerEvent) => void
  /** Told of all that live, with each look. */
  onLook: (rows: WorkerRow[]) => void
}

const everyMs = 1000

/** Sees workers come, go, begin and end tasks, and get stuck: one look a second while someone looks on. */
export class WorkerWatch {
  readonly #options: WorkerWatchOptions
  readonly #duty: Duty
  #known = new Map<string, WorkerEvent>()

  constructor(options: WorkerWatchOptions) {
    this.#options = options
    this.#duty = new Duty(
      () => this.#look(),
      () => undefined,
      everyMs,
    )
  }

  start(): void {
    this.#duty.start()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  async #look(): Promise<number> {
    if (!this.#options.isWatched()) this.#known.clear()
    else {
      const infos = await this.#options.workers()
      this.#compare(new Map(infos.map((info) => [info.id, toEvent(info)])))
      this.#options.onLook(infos.slice(0, shownWorkers).map((info) => toWorkerRow(info)))
    }
    return everyMs
  }

  #compare(found: Map<string, WorkerEvent>): void {
    for (const [id, event] of found) {
      const known = this.#known.get(id)
      if (known?.state !== event.state || known.running !== event.running) this.#options.onEvent(event)
    }
    for (const [id, event] of this.#known) {
      if (!found.has(id)) this.#options.onEvent({ ...event, state: 'gone', running: 0 })
    }
    this.#known = found
  }
}

function toEvent(info: WorkerInfo): WorkerEvent {
  const { id, name, running, concurrency } = info
  return { id, name, state: stateOf(info), running: running.length, concurrency }
}
