import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { workerKey, workersKey } from './names.js'

/** What a tasks worker shows of itself; times in ms since 1970 by its own clock. */
export interface WorkerInfo {
  id: string
  name: string
  pid: number
  queues: string[]
  handlers: string[]
  concurrency: number
  startedAt: number
  /** When it last said all this. */
  shownAt?: number
  /** Of `queue` and `handler` the index. */
  running: { id: string; queue: number; handler: number; startedAt: number }[]
  /** How many tasks of a handler it runs at a time, where the handler has a limit. */
  limits?: Record<string, number>
  /** Since when its event loop is blocked, and where. */
  blockedSince?: number
  stack?: string[]
}

/** The tasks workers that live. Two round trips, O(workers). */
export async function liveWorkers(redis: RedisClient): Promise<WorkerInfo[]> {
  const failure = redisFailure(workersKey)
  const ids = (await redis.smembers(workersKey).catch(failure)).sort()
  if (ids.length === 0) return []
  const states = await redis.mget(ids.map(workerKey)).catch(failure)
  const gone = ids.filter((_, index) => states[index] === null)
  if (gone.length > 0) await redis.srem(workersKey, ...gone).catch(failure)
  return ids.flatMap((id, index) => {
    const state = states[index]
    return state ? [{ id, ...(JSON.parse(state) as Omit<WorkerInfo, 'id'>) }] : []
  })
}
