import { setTimeout as sleep } from 'node:timers/promises'

/**
 * A periodic duty: runs, sleeps for as long as the run says, runs again, until it is stopped.
 * One run at a time; a run that throws is reported and repeated after `retryMs`.
 */
export class Duty {
  #stopping = new AbortController()
  #waking = new AbortController()
  #running: Promise<void> | undefined

  /**
   * @param run does the duty once and returns for how many milliseconds to sleep
   * @param onError is told of a run that threw
   */
  constructor(
    private readonly run: () => Promise<number> | number,
    private readonly onError: (error: unknown) => void,
    private readonly retryMs = 1000,
  ) {}

  start(): void {
    this.#running ??= this.#loop()
  }

  /** Ends the present sleep; during a run it has no effect. */
  wake(): void {
    this.#waking.abort()
  }

  /** Waits for the present run to end. Safe when never started, and twice. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.wake()
    await this.#running
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const sleepMs = await this.#runOnce()
      this.#waking = new AbortController()
      if (this.#stopping.signal.aborted) return
      await sleep(sleepMs, undefined, { signal: this.#waking.signal }).catch(() => undefined)
    }
  }

  async #runOnce(): Promise<number> {
    try {
      return await this.run()
    } catch (error) {
      this.onError(error)
      return this.retryMs
    }
  }
}
