import type { RedisClient } from '../redis/client.js'
import { activityChannel } from './names.js'

/** What happened to a plain queue, for whoever watches: the last of `count` values, cut to a readable length. */
export interface Activity {
  action: 'pushed' | 'taken'
  queue: string
  by: string
  count: number
  value: string
  /** Milliseconds since 1970, by the reporter's clock. */
  at: number
}

const minGapMs = 100
const maxValueLength = 200

/**
 * Tells watchers what this process pushes or takes: the first value at once, then at most ten reports a
 * second with the number of values since the last, so that watching costs the same at any speed.
 * Nothing depends on a report; one that cannot be sent is dropped.
 */
export class ActivityReporter {
  #count = 0
  #value = ''
  #timer: NodeJS.Timeout | undefined

  constructor(
    private readonly redis: RedisClient,
    private readonly about: Pick<Activity, 'action' | 'queue' | 'by'>,
  ) {}

  /** Reports that `count` values were pushed or taken, `value` the last of them. */
  report(value: string, count = 1): void {
    this.#count += count
    this.#value = value
    if (!this.#timer) this.#send()
  }

  /** Sends what has not been reported yet. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    if (this.#count > 0) await this.#publish()
  }

  #send(): void {
    void this.#publish()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#count > 0) this.#send()
    }, minGapMs).unref()
  }

  async #publish(): Promise<void> {
    const activity: Activity = { ...this.about, count: this.#count, value: cut(this.#value), at: Date.now() }
    this.#count = 0
    await this.redis
      .publish(activityChannel(this.about.queue), JSON.stringify(activity))
      .catch(() => undefined)
  }
}

/** Reads a report from the activity channel, where anyone may publish; undefined for anything that is not one. */
export function parseActivity(message: string): Activity | undefined {
  try {
    const activity = JSON.parse(message) as Partial<Activity> | null
    return isActivity(activity) ? bounded(activity) : undefined
  } catch {
    return undefined
  }
}

function isActivity(given: Partial<Activity> | null): given is Activity {
  if (typeof given !== 'object' || given === null) return false
  const { action, queue, by, count, value, at } = given
  if (action !== 'pushed' && action !== 'taken') return false
  return [queue, by, value].every(isText) && isCount(count) && isTime(at)
}

const isText = (given: unknown): boolean => typeof given === 'string'

const isCount = (given: unknown): boolean => Number.isSafeInteger(given) && Number(given) > 0

// What Date cannot hold, it cannot show either: it throws.
const isTime = (given: unknown): boolean =>
  typeof given === 'number' && !Number.isNaN(new Date(given).getTime())

// Its own fields only, none longer than our own reports make them.
const bounded = ({ action, queue, by, count, value, at }: Activity): Activity => ({
  action,
  queue: cut(queue),
  by: cut(by),
  count,
  value: cut(value),
  at,
})

const cut = (value: string): string =>
  value.length > maxValueLength ? `${value.slice(0, maxValueLength)}…` : value
