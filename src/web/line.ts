import { setTimeout as sleep } from 'node:timers/promises'

/** One who waits for something, until the signal says that it is of no use any more. */
interface Waiter<T> {
  attempt: () => Promise<T | undefined>
  deadline: number
  signal: AbortSignal
  resolve: (got: T | undefined) => void
  reject: (error: unknown) => void
}

export interface Patience {
  ms: number
  signal: AbortSignal
}

const pollMs = 100

/**
 * Those who wait for the same thing, first come first served: one of them looks for it, and only when it got it the next
 * does, so that a hundred who wait cost no more than one.
 */
export class Line<T> {
  readonly #waiters: Waiter<T>[] = []
  #serving: Promise<void> | undefined

  /** Whether nobody waits. */
  get isEmpty(): boolean {
    return this.#waiters.length === 0
  }

  /** Attempts when it is one's turn, at least once unless the signal is aborted before; undefined when the time is up. */
  wait(attempt: Waiter<T>['attempt'], { ms, signal }: Patience): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ attempt, deadline: Date.now() + ms, signal, resolve, reject })
      this.#serving ??= this.#serve()
    })
  }

  async #serve(): Promise<void> {
    while (!this.isEmpty) {
      const isServed = await this.#serveFirst()
      this.#dismiss()
      if (!isServed && !this.isEmpty) await sleep(pollMs)
      this.#dismiss()
    }
    this.#serving = undefined
  }

  // Whoever fails leaves the line, and does not hold the others up.
  async #serveFirst(): Promise<boolean> {
    const first = this.#waiters[0]
    if (!first) return false
    try {
      const got = first.signal.aborted ? undefined : await first.attempt()
      if (got === undefined) return false
      first.resolve(got)
    } catch (error) {
      first.reject(error)
    }
    this.#waiters.shift()
    return true
  }

  #dismiss(): void {
    const now = Date.now()
    const [staying, leaving]: [Waiter<T>[], Waiter<T>[]] = [[], []]
    for (const waiter of this.#waiters) {
      const isOver = waiter.signal.aborted || now >= waiter.deadline
      ;(isOver ? leaving : staying).push(waiter)
    }
    this.#waiters.splice(0, Infinity, ...staying)
    for (const { resolve } of leaving) resolve(undefined)
  }
}
