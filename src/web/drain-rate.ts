import { setTimeout as sleep } from 'node:timers/promises'

const oldestMs = 10_000
const youngestMs = 1000
const quickLookMs = 200

interface Sample {
  at: number
  settled: number
}

/** How fast a queue drains, from its counters: over the last seconds if they were looked at, else over a moment. */
export class DrainRate {
  readonly #samples = new Map<string, Sample[]>()

  /** @param count how many tasks the queue has settled since it exists */
  async perSecond(queue: string, count: () => Promise<number>): Promise<number> {
    const first = this.#note(queue, await count())
    if (first !== undefined) return first
    await sleep(quickLookMs)
    return this.#note(queue, await count(), 0) ?? 0
  }

  #note(queue: string, settled: number, atLeastMs = youngestMs): number | undefined {
    const now = Date.now()
    const samples = (this.#samples.get(queue) ?? []).filter(({ at }) => now - at <= oldestMs)
    const [oldest] = samples
    samples.push({ at: now, settled })
    this.#samples.set(queue, samples.slice(-maxSamples))
    if (!oldest || now - oldest.at < atLeastMs || now === oldest.at) return undefined
    return ((settled - oldest.settled) / (now - oldest.at)) * 1000
  }
}

const maxSamples = 100
