/** Tasks in hand are a few hundred; more only make the buckets longer. */
const bucketCount = 512

/**
 * What is known of the tasks in hand, by their ids: a Map for what comes and goes a hundred thousand times a second. A Map's
 * tables each lead to the next one, so that a busy Map's old tables, with all they held, survive until a full garbage
 * collection: that took a fifth of a worker's time. Buckets stay, and keep nothing.
 */
export class ById<T extends { readonly id: string }> {
  readonly #buckets: T[][] = Array.from({ length: bucketCount }, () => [])
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: string): T | undefined {
    return this.#bucketOf(id).find((item) => item.id === id)
  }

  has(id: string): boolean {
    return this.get(id) !== undefined
  }

  /** Takes the place of what is known by the same id. */
  set(item: T): void {
    const bucket = this.#bucketOf(item.id)
    const at = bucket.findIndex(({ id }) => id === item.id)
    if (at >= 0) bucket[at] = item
    else bucket.push(item)
    if (at < 0) this.#size += 1
  }

  delete(id: string): void {
    const bucket = this.#bucketOf(id)
    const at = bucket.findIndex((item) => item.id === id)
    if (at < 0) return
    this.#size -= 1
    const last = bucket.pop() as T
    if (at < bucket.length) bucket[at] = last
  }

  /** All of them, in no order. */
  values(): T[] {
    return this.#size === 0 ? [] : this.#buckets.flat()
  }

  // In ids that are made one after another it is the middle that counts; in those that a script makes, the end.
  #bucketOf(id: string): T[] {
    const hash = id.charCodeAt(12) + 64 * id.charCodeAt(11) + 7 * id.charCodeAt(16) + 112 * id.charCodeAt(15)
    return this.#buckets[hash % bucketCount] as T[]
  }
}
