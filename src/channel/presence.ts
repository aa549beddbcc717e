import { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import type { Listener, Roll } from './roll.js'

const leaseMs = 5000
const beatEveryMs = 1500

/** Keeps a pubsub worker on the roll of its channel while it listens. */
export class Presence {
  readonly #roll: Roll
  readonly #self: Listener
  readonly #log: Logger
  readonly #beating: Duty
  #sharedSince: number | undefined
  #isSaid = false
  #isOn = false

  constructor(roll: Roll, self: Listener, log: Logger) {
    this.#roll = roll
    this.#self = self
    this.#log = log
    // That Redis is away is said once, where its connection is watched.
    this.#beating = new Duty(
      () => this.#beat(),
      () => undefined,
    )
  }

  start(): void {
    this.#isOn = true
    this.#beating.start()
  }

  /** Leaves the roll. Safe when never started, and twice. */
  async stop(): Promise<void> {
    if (!this.#isOn) return
    this.#isOn = false
    await this.#beating.stop()
    await this.#roll.leave(this.#self.id).catch(() => undefined)
  }

  async #beat(): Promise<number> {
    const { id, name } = this.#self
    const listeners = await this.#roll.attend(id, leaseMs)
    this.#watchName(listeners.some((other) => other.name === name && other.id !== id))
    return beatEveryMs
  }

  // One that was killed, and whose place this one takes, is on the roll until its lease has ended.
  #watchName(isShared: boolean): void {
    this.#sharedSince = isShared ? (this.#sharedSince ?? Date.now()) : undefined
    const isLasting = this.#sharedSince !== undefined && Date.now() - this.#sharedSince > leaseMs
    if (isLasting && !this.#isSaid) {
      const { name: worker } = this.#self
      this.#log.warn({ worker }, 'another listens under this name: what is dispatched to it reaches both')
    }
    this.#isSaid = isLasting
  }
}
