import type { Handler } from '../handlers/registry.js'
import type { StoredTask } from '../queue/envelope.js'

/** So much work of one handler is kept at hand: more would be kept from other workers. */
const aheadMs = 200
const maxParked = 100
/** How much of an average each run changes. */
const weight = 0.2

interface Place {
  tasks: StoredTask[]
  /** How long its runs take, ms. */
  averageMs: number | undefined
}

/**
 * Tasks whose handler runs as many as it allows: some are kept at hand, in the worker's held list but not started, so
 * that the next can begin the moment one ends. Should the worker die, they lose no attempt.
 */
export class Parking {
  readonly #places = new Map<Handler, Place>()
  readonly #ids = new Set<string>()

  get size(): number {
    return this.#ids.size
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** False if there is no room for another of its handler. */
  add(handler: Handler, task: StoredTask): boolean {
    const { tasks } = this.#placeOf(handler)
    if (tasks.length >= this.#room(handler)) return false
    tasks.push(task)
    this.#ids.add(task.id)
    return true
  }

  /** Takes out the one of the highest priority that has been there longest. */
  next(handler: Handler): StoredTask | undefined {
    const { tasks } = this.#placeOf(handler)
    const ranks = tasks.map(({ id }) => 'hnl'.indexOf(id.charAt(0)))
    const [task] = tasks.splice(ranks.indexOf(Math.min(...ranks)), 1)
    if (task) this.#ids.delete(task.id)
    return task
  }

  /** Notes how long a run took. */
  learn(handler: Handler, tookMs: number): void {
    const place = this.#placeOf(handler)
    const { averageMs = tookMs } = place
    place.averageMs = averageMs + weight * (tookMs - averageMs)
  }

  /** In how many ms one of its tasks may follow another; undefined before the first has ended. */
  paceMs(handler: Handler): number | undefined {
    const { averageMs } = this.#placeOf(handler)
    return averageMs === undefined ? undefined : averageMs / handler.concurrency
  }

  // One more each, until it is known how long they take.
  #room(handler: Handler): number {
    const paceMs = this.paceMs(handler) ?? Infinity
    return Math.min(Math.max(Math.ceil(aheadMs / Math.max(paceMs, 1)), handler.concurrency), maxParked)
  }

  #placeOf(handler: Handler): Place {
    const known = this.#places.get(handler)
    if (known) return known
    const place: Place = { tasks: [], averageMs: undefined }
    this.#places.set(handler, place)
    return place
  }
}
