import { setTimeout as sleep } from 'node:timers/promises'
import { backoffMs } from '../process/backoff.js'
import type { Logger } from '../process/log.js'

/** Where a consumer's values come from. */
interface Source {
  /** Waits a while for a value; null when none came. */
  take(): Promise<string | null>
  /** Ends a `take` that waits, without losing a value. */
  release(): Promise<void>
  /** Told how each value's work ended, where the source keeps values until then. */
  settle?(value: string, outcome: 'done' | 'failed' | 'abandoned'): Promise<void>
}

/** Works on one value. `signal` aborts when the process must end before the work is done. */
type Handle = (value: string, context: { signal: AbortSignal }) => Promise<void> | void

export interface ConsumerOptions {
  source: Source
  handle: Handle
  /** Values worked on at a time. */
  concurrency: number
  /** Time for what is in hand when stopping. */
  graceMs: number
  log: Logger
}

const retry = { baseMs: 100, capMs: 5000 }

/** What aborted work gets to end and to be given back. */
const abortGraceMs = 1000

/** The loop around a handler of the prodcons lane: takes a value when a slot is free and works on it. */
export class Consumer {
  readonly #options: ConsumerOptions
  readonly #inHand = new Set<Promise<void>>()
  readonly #stopping = new AbortController()
  readonly #aborting = new AbortController()
  #loop: Promise<void> | undefined
  #failures = 0

  constructor(options: ConsumerOptions) {
    this.#options = options
  }

  start(): void {
    this.#loop ??= this.#run()
  }

  /**
   * Takes nothing more, waits up to `graceMs` for what is in hand, then aborts it: such a value is lost, unless
   * the source kept it, and how many were is said. A read that Redis does not even end when asked to, because it
   * hangs, is left to whoever closes the connection. Safe when never started, and twice.
   */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const graceOver = sleep(this.#options.graceMs, false, { ref: false })
    const finished = this.#finished()
    if (await Promise.race([finished, graceOver])) return
    this.#abandon()
    await Promise.race([finished, sleep(abortGraceMs, undefined, { ref: false })])
  }

  #abandon(): void {
    const { size: values } = this.#inHand
    if (values > 0) this.#options.log.warn({ values }, 'grace period is over, abandoning values')
    this.#aborting.abort()
  }

  // The loop may itself be waiting for a slot: for what is in hand.
  async #finished(): Promise<true> {
    await this.#options.source.release()
    await this.#loop
    await Promise.all(this.#inHand)
    return true
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const value = await this.#take()
      if (value !== null) this.#work(value)
      if (this.#inHand.size >= this.#options.concurrency) await Promise.race(this.#inHand)
    }
  }

  async #take(): Promise<string | null> {
    try {
      const value = await this.#options.source.take()
      this.#failures = 0
      return value
    } catch (error) {
      await this.#pauseAfter(error as Error)
      return null
    }
  }

  // Said once, however long it lasts; and not retried in a spin.
  async #pauseAfter({ message: reason }: Error): Promise<void> {
    this.#failures += 1
    if (this.#failures === 1) this.#options.log.error({ reason }, 'cannot take from the queue, trying on')
    const pauseMs = backoffMs(this.#failures, retry)
    await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
  }

  #work(value: string): void {
    const work = this.#handle(value).finally(() => this.#inHand.delete(work))
    this.#inHand.add(work)
  }

  async #handle(value: string): Promise<void> {
    const { handle, log, source } = this.#options
    const { signal } = this.#aborting
    try {
      await handle(value, { signal })
      await source.settle?.(value, 'done')
    } catch (error) {
      if (!signal.aborted) log.error({ err: error }, 'the handler failed')
      await source.settle?.(value, signal.aborted ? 'abandoned' : 'failed')
    }
  }
}
