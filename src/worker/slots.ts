/** How many tasks a worker may run at a time, shared by its queues. */
export class Slots {
  #free: number
  #waiting: (() => void)[] = []

  constructor(readonly size: number) {
    this.#free = size
  }

  get free(): number {
    return this.#free
  }

  /** Takes up to `most` slots at once; how many it got. */
  acquire(most: number): number {
    const got = Math.min(most, this.#free)
    this.#free -= got
    return got
  }

  /** Gives slots back and wakes who waits for one. */
  release(count = 1): void {
    this.#free += count
    if (this.#free > 0) this.wake()
  }

  /** Wakes who waits for a slot, whether there is one or not. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  /** Resolves when a slot is free, or when woken; it may be gone again by then. */
  async untilFree(): Promise<void> {
    if (this.#free > 0) return
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
