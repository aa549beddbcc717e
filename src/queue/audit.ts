import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { taskList } from './names.js'
import { withScripts } from './scripts.js'

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

/** The conservation check: what was accepted is somewhere. One round trip, O(consumers); exact, as one script reads it. */
export async function auditQueue(redis: RedisClient, queue: string): Promise<Audit> {
  const list = taskList(queue)
  const [known, waiting, delayed, dead, held, ...counters] = await withScripts(redis)
    .auditQueue(list)
    .catch(redisFailure(list))
  const pairs = counters.flatMap((name, at) => (at % 2 === 0 ? [[name, counters[at + 1] ?? '']] : []))
  const stats = Object.fromEntries(pairs) as Record<string, string>
  return balance(queue, stats, { known, waiting, delayed, dead, held })
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
