import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { repliesOf } from '../redis/pipeline.js'
import { decodeTask } from './envelope.js'
import { taskKeys, taskList } from './names.js'
import { idIn, ring } from './task-element.js'

/** Lengths of a queue's lists, and what happened to it so far. */
export interface QueueCounts {
  name: string
  isPaused: boolean
  waiting: number
  delayed: number
  active: number
  dead: number
  /** Since the queue exists. */
  accepted: number
  done: number
  failed: number
  retried: number
  removed: number
  bytes: number
}

const endLength = 5 // The places of cancelled tasks may be among the last of a list.

/** Lengths and counters of a queue. One round trip, O(1). */
export async function queueCounts(redis: RedisClient, queue: string): Promise<QueueCounts> {
  return toCounts(queue, await repliesOf(askCounts(redis, queue), taskList(queue)))
}

/**
 * The same, and when the task that waits longest was enqueued, ms since 1970 by Redis' clock; undefined if none waits. Of
 * each list only the end is looked at. Two round trips; one where nothing waits.
 */
export async function lookAtQueue(
  redis: RedisClient,
  queue: string,
): Promise<{ counts: QueueCounts; oldestWaitingAt: number | undefined }> {
  const { list, high, low, tasks } = taskKeys(taskList(queue))
  const lists = [list, high, low]
  const pipeline = askCounts(redis, queue)
  for (const each of lists) pipeline.lrange(each, -endLength, -1)
  const replies = await repliesOf(pipeline, list)
  const ends = replies.splice(-lists.length) as string[][]
  const counts = toCounts(queue, replies)
  const ids = ends.flatMap((elements) => elements.flatMap((element) => idIn(element) ?? []))
  if (ids.length === 0) return { counts, oldestWaitingAt: undefined }
  const values = await redis.hmget(tasks, ...ids).catch(redisFailure(list))
  const times = values.flatMap((value, index) =>
    value === null ? [] : decodeTask(ids[index] as string, 0, value).enqueuedAt,
  )
  return { counts, oldestWaitingAt: times.length > 0 ? Math.min(...times) : undefined }
}

function askCounts(redis: RedisClient, queue: string) {
  const { list, high, low, delayed, dead, ghosts, stats, paused } = taskKeys(taskList(queue))
  const pipeline = redis.pipeline().hgetall(stats).exists(paused).zcard(dead)
  pipeline.llen(list).llen(high).llen(low).scard(ghosts).lpos(list, ring, 'RANK', -1, 'MAXLEN', 100)
  for (const set of delayed) pipeline.zcard(set)
  return pipeline
}

function toCounts(name: string, [first, ...replies]: unknown[]): QueueCounts {
  const [isPaused, deadCount = 0, normal = 0, high = 0, low = 0, ghostCount = 0, ringAt, ...delayedCounts] =
    replies as number[]
  const counters = first as Record<string, string>
  const counter = (each: string) => Number(counters[each] ?? 0)
  return {
    name,
    isPaused: isPaused === 1,
    // Cancelled tasks keep their place in the list until it is reached; a ring is no task.
    waiting: Math.max(0, normal + high + low - ghostCount - (ringAt === null ? 0 : 1)),
    delayed: delayedCounts.reduce((sum, count) => sum + count, 0),
    active: counter('active'),
    dead: deadCount,
    accepted: counter('accepted'),
    done: counter('done'),
    failed: counter('retry') + counter('dead'),
    retried: counter('retry'),
    removed: counter('removed') + counter('cancelled'),
    bytes: counter('bytes'),
  }
}
