import type { Handler } from '../handlers/registry.js'
import type { StoredTask } from '../queue/envelope.js'

/** Most tasks of one handler that are kept at hand; more would be kept from other workers. */
const maxParked = 100

/**
 * Tasks whose handler runs as many as it allows: some are kept at hand, in the worker's held list but not started, so
 * that the next can begin the moment one ends. Should the worker die, they lose no attempt.
 */
export class Parking {
  readonly #tasks = new Map<Handler, StoredTask[]>()
  readonly #ids = new Set<string>()

  get size(): number {
    return this.#ids.size
  }

  has(id: string): boolean {
    return this.#ids.has(id)
  }

  /** False if there is no room for another of its handler. */
  add(handler: Handler, task: StoredTask): boolean {
    const parked = this.#tasks.get(handler) ?? []
    if (parked.length >= maxParked) return false
    this.#tasks.set(handler, parked)
    parked.push(task)
    this.#ids.add(task.id)
    return true
  }

  /** Takes out the one that has been there longest. */
  next(handler: Handler): StoredTask | undefined {
    const task = this.#tasks.get(handler)?.shift()
    if (task) this.#ids.delete(task.id)
    return task
  }
}
