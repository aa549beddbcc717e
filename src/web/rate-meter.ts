import type { QueueCounts } from '../queue/queue-counts.js'

/** What passes through a queue, per second. */
export interface Rates {
  accepted: number
  done: number
  /** Attempts. */
  failed: number
  /** Cancelled, purged, or dead for too long. */
  removed: number
}

const oldestMs = 10_000
const youngestMs = 1000
const maxSamples = 100
const maxQueues = 10_000

interface Sample extends Rates {
  at: number
}

/** How fast queues move, from their counters over the last ten seconds, as often as they were looked at. */
export class RateMeter {
  readonly #samples = new Map<string, Sample[]>()

  /**
   * Notes a look at a queue's counters.
   *
   * @param atLeastMs how long ago an earlier look must be
   * @returns undefined if there was none
   */
  note(counts: QueueCounts, atLeastMs = youngestMs, now = Date.now()): Rates | undefined {
    const samples = (this.#samples.get(counts.name) ?? []).filter(({ at }) => now - at <= oldestMs)
    const [oldest] = samples
    const { accepted, done, failed, removed } = counts
    samples.push({ at: now, accepted, done, failed, removed })
    if (this.#samples.size >= maxQueues) this.#samples.clear()
    this.#samples.set(counts.name, samples.slice(-maxSamples))
    if (!oldest || now - oldest.at < Math.max(atLeastMs, 1)) return undefined
    const perSecond = (name: keyof Rates) => round(((counts[name] - oldest[name]) / (now - oldest.at)) * 1000)
    return {
      accepted: perSecond('accepted'),
      done: perSecond('done'),
      failed: perSecond('failed'),
      removed: perSecond('removed'),
    }
  }
}

// A queue that was deleted and begun anew counts from 0 again.
const round = (rate: number): number => Math.max(0, Math.round(rate * 100) / 100)
