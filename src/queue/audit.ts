import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { heldKey, taskKeys, taskList } from './names.js'

/** Where a queue's tasks are, and whether they add up. */
export interface Audit {
  queue: string
  accepted: number
  /** In the waiting lists, without places that cancelled tasks left behind. */
  waiting: number
  delayed: number
  held: number
  dead: number
  done: number
  cancelled: number
  removed: number
  /** Values that other programs pushed and nobody has taken yet: they count as accepted when they are taken. */
  bare: number
  /** accepted - (waiting - bare + delayed + held + dead + done + cancelled + removed); 0 when nothing is lost. */
  difference: number
}

const maxConsumers = 10_000

/** The conservation check: what was accepted is somewhere. Two round trips, O(consumers); exact, as one transaction reads it. */
export async function auditQueue(redis: RedisClient, queue: string): Promise<Audit> {
  const list = taskList(queue)
  const keys = taskKeys(list)
  const failure = redisFailure(list)
  const consumers = await redis.zrange(keys.consumers, '0', String(maxConsumers)).catch(failure)
  const transaction = redis.multi().hgetall(keys.stats).hlen(keys.tasks).zcard(keys.delayed).zcard(keys.dead)
  transaction.llen(keys.list).llen(keys.high).llen(keys.low).scard(keys.ghosts)
  for (const consumer of consumers) transaction.llen(heldKey(list, consumer))
  const replies = (await transaction.exec().catch(failure)) ?? []
  const [stats, known, delayed, dead, normal, high, low, ghosts, ...heldCounts] = replies.map(
    ([, reply]) => reply,
  )
  return balance(queue, (stats ?? {}) as Record<string, string>, {
    known: Number(known),
    delayed: Number(delayed),
    dead: Number(dead),
    waiting: Number(normal) + Number(high) + Number(low) - Number(ghosts),
    held: heldCounts.reduce((sum: number, count) => sum + Number(count), 0),
  })
}

interface Counted {
  known: number
  delayed: number
  dead: number
  waiting: number
  held: number
}

function balance(
  queue: string,
  stats: Record<string, string>,
  { known, delayed, dead, waiting, held }: Counted,
): Audit {
  const counter = (name: string) => Number(stats[name] ?? 0)
  // Only tasks have a value in {K}:tasks; what is listed beyond them came bare.
  const bare = Math.max(0, waiting - (known - delayed - dead - held))
  const [accepted, done, removed] = [counter('accepted'), counter('done'), counter('removed')]
  const cancelled = counter('cancelled')
  const found = waiting - bare + delayed + held + dead + done + cancelled + removed
  return {
    queue,
    accepted,
    waiting,
    delayed,
    held,
    dead,
    done,
    cancelled,
    removed,
    bare,
    difference: accepted - found,
  }
}
