import type { RedisClient } from '../redis/client.js'
import { repliesOf } from '../redis/pipeline.js'
import { taskList, trafficKey } from './names.js'

/** What passed through queues in five minutes. */
export interface TrafficSlot {
  /** When it began, ms since 1970. */
  at: number
  accepted: number
  done: number
  /** Attempts. */
  failed: number
  /** At its end; undefined where no worker counted. */
  waiting: number | undefined
}

const hourMs = 3_600_000
const slotMs = 300_000
const slotsPerHour = 12
const hours = 24

/** The last day of a queue in steps of five minutes, the oldest first. One round trip, of 25 small hashes. */
export async function dayTraffic(
  redis: RedisClient,
  queue: string,
  nowMs = Date.now(),
): Promise<TrafficSlot[]> {
  const list = taskList(queue)
  const last = Math.floor(nowMs / hourMs)
  const numbers = Array.from({ length: hours + 1 }, (_, index) => last - hours + index)
  const pipeline = redis.pipeline()
  for (const hour of numbers) pipeline.hgetall(trafficKey(list, hour))
  const replies = (await repliesOf(pipeline, list)) as Record<string, string>[]
  const slots = replies.flatMap((counters, index) => toSlots(numbers[index] as number, counters))
  return slots.filter(({ at }) => at > nowMs - hours * hourMs && at <= nowMs)
}

function toSlots(hour: number, counters: Record<string, string>): TrafficSlot[] {
  return Array.from({ length: slotsPerHour }, (_, slot) => {
    const { [`${slot}a`]: accepted, [`${slot}d`]: done, [`${slot}f`]: failed } = counters
    const waiting = counters[`${slot}w`]
    return {
      at: hour * hourMs + slot * slotMs,
      accepted: Number(accepted ?? 0),
      done: Number(done ?? 0),
      failed: Number(failed ?? 0),
      waiting: waiting === undefined ? undefined : Number(waiting),
    }
  })
}

/** The traffic of several queues together; all of the same slots. */
export function sumTraffic(queues: TrafficSlot[][]): TrafficSlot[] {
  const [first = [], ...others] = queues
  return others.reduce(
    (sum, slots) => sum.map((slot, index) => addSlots(slot, slots[index])),
    first.map((slot) => ({ ...slot })),
  )
}

function addSlots(one: TrafficSlot, other: TrafficSlot | undefined): TrafficSlot {
  if (!other) return one
  const waiting = one.waiting ?? other.waiting
  return {
    at: one.at,
    accepted: one.accepted + other.accepted,
    done: one.done + other.done,
    failed: one.failed + other.failed,
    waiting: waiting === undefined ? undefined : (one.waiting ?? 0) + (other.waiting ?? 0),
  }
}
