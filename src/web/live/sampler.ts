import type { Publisher } from '../../channel/publisher.js'
import { Duty } from '../../process/duty.js'
import type { PlainQueue } from '../../queue/plain-queue.js'

/** What a look into Redis found. `null` is unknown, and `problem` says why. */
export interface Sample {
  length: number | null
  subscribers: number | null
  problem: string | null
  /** Milliseconds since 1970. */
  at: number
}

export interface SamplerOptions {
  queue: Pick<PlainQueue, 'length'>
  publisher: Pick<Publisher, 'subscribers'>
  /** Why Redis lets nobody in, if that is why it is of no use. */
  redisRefusal: () => string | undefined
  /** Whether anyone is watching: then a look every 100 ms, else every second, for the history. */
  isWatched: () => boolean
  onSample: (sample: Sample) => void
}

const watchedEveryMs = 100
const unwatchedEveryMs = 1000

/** Looks into Redis for all open pages at once: two O(1) commands, however many pages there are. */
export class Sampler {
  readonly #duty: Duty
  #latest: Sample = { length: null, subscribers: null, problem: 'not connected to Redis yet', at: Date.now() }

  constructor(private readonly options: SamplerOptions) {
    this.#duty = new Duty(
      () => this.#sampleOnce(),
      () => undefined,
    )
  }

  get latest(): Sample {
    return this.#latest
  }

  start(): void {
    this.#duty.start()
  }

  /** Looks at once: someone has begun to watch. */
  wake(): void {
    this.#duty.wake()
  }

  stop(): Promise<void> {
    return this.#duty.stop()
  }

  /** A fresh look, for a page that is about to be rendered. */
  async look(): Promise<Sample> {
    const { queue, publisher, redisRefusal } = this.options
    const [length, subscribers] = await Promise.allSettled([queue.length(), publisher.subscribers()])
    const problem = problemOf(length) ?? problemOf(subscribers)
    this.#latest = {
      length: valueOf(length),
      subscribers: valueOf(subscribers),
      problem: problem && (redisRefusal() ?? problem),
      at: Date.now(),
    }
    return this.#latest
  }

  async #sampleOnce(): Promise<number> {
    this.options.onSample(await this.look())
    return this.options.isWatched() ? watchedEveryMs : unwatchedEveryMs
  }
}

function valueOf(result: PromiseSettledResult<number>): number | null {
  return result.status === 'fulfilled' ? result.value : null
}

function problemOf(result: PromiseSettledResult<number>): string | null {
  return result.status === 'rejected' ? (result.reason as Error).message : null
}
