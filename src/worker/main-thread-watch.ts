import { Duty } from '../process/duty.js'
import { type Frame, mainThreadStack } from './blocked-stack.js'
import type { RunningTable, RunningTask } from './running-table.js'

export interface MainThreadWatchOptions {
  table: RunningTable
  /** URL of each handler's file, as the running table counts them; undefined where there is none. */
  handlerUrls: (string | undefined)[]
  /** The main thread gives no sign of life. */
  onBlocked: (blocked: Blocked) => void
  onUnblocked: () => void
  /** A task ran past its timeout and blocks the main thread, which therefore cannot abort it. */
  onOverdue: (culprit: RunningTask, blocked: Blocked) => Promise<void>
}

export interface Blocked {
  /** ms since 1970 by this machine's clock. */
  since: number
  /** Where in the code, the innermost call first. */
  stack: string[]
}

const everyMs = 500
/** Looks without a sign after which the main thread counts as blocked. Looks, for a clock goes on in a frozen process. */
const silentLooks = 4
/** What a handler gets beyond its timeout to heed its signal. */
const overdueMs = 2000
const maxFrames = 8

/** Watches the main thread from another: says when it is blocked and where, and when that must end. */
export class MainThreadWatch {
  readonly #options: MainThreadWatchOptions
  readonly #watching = new Duty(
    () => this.#look(),
    () => undefined,
    everyMs,
  )

  #lastTick = 0
  #silentLooks = 0
  #blocked: Blocked | undefined

  constructor(options: MainThreadWatchOptions) {
    this.#options = options
  }

  get blocked(): Blocked | undefined {
    return this.#blocked
  }

  start(): void {
    this.#watching.start()
  }

  async stop(): Promise<void> {
    await this.#watching.stop()
  }

  async #look(): Promise<number> {
    const { lastTick } = this.#options.table
    this.#silentLooks = lastTick === this.#lastTick ? this.#silentLooks + 1 : 0
    this.#lastTick = lastTick
    if (this.#silentLooks >= silentLooks) await this.#onSilence()
    else if (this.#blocked) this.#onSign()
    return everyMs
  }

  #onSign(): void {
    this.#blocked = undefined
    this.#options.onUnblocked()
  }

  async #onSilence(): Promise<void> {
    const overdue = this.#overdue()
    if (this.#blocked && overdue.length === 0) return
    const frames = await mainThreadStack()
    const stack = frames.slice(0, maxFrames).map(({ place }) => place)
    if (!this.#blocked) {
      this.#blocked = { since: this.#lastTick, stack }
      this.#options.onBlocked(this.#blocked)
    }
    const culprit = overdue.find((task) => this.#mayBlock(task, frames))
    if (culprit) await this.#options.onOverdue(culprit, { since: this.#blocked.since, stack })
  }

  #overdue(): RunningTask[] {
    const now = Date.now()
    return this.#options.table.rows().filter(({ deadline }) => deadline > 0 && now > deadline + overdueMs)
  }

  // Another handler's file in the stack says that this task only waits for the thread, as all others do.
  #mayBlock({ handler }: RunningTask, frames: Frame[]): boolean {
    const { handlerUrls } = this.#options
    const inStack = frames.find(({ url }) => handlerUrls.includes(url))
    return inStack === undefined || inStack.url === handlerUrls[handler]
  }
}
