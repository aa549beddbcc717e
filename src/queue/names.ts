import type { Priority } from './task-id.js'

/**
 * Every key and channel of a queue. A queue is a list key; its satellites carry that key in braces, so
 * that Redis Cluster keeps them in the queue's own slot. The same names in Lua: `scripts/names.lua`.
 */

const satellite = (list: string, name: string): string => `{${list}}:${name}`

/** CHANNEL, JSON {@link ../queue/activity.Activity}: what went into and came out of the list, thinned out. */
export const activityChannel = (list: string): string => satellite(list, 'activity')

/**
 * What a task queue, or a schedule, may be called. It is a part of paths, of which browsers and proxies remove `.` and `..`,
 * however they are encoded: nobody could look at such a queue.
 */
export const queueNamePattern = '^(?!\\.{1,2}$)[A-Za-z0-9._:-]{1,100}$'
const queueName = new RegExp(queueNamePattern)

/** Whether a task queue, or a schedule, may have this name. */
export const isQueueName = (name: string): boolean => queueName.test(name)

/** LIST: the waiting tasks of a task queue. */
export const taskList = (queue: string): string => `task:queue:${queue}`

/** SET: the names of all task queues that were ever used. */
export const queuesKey = 'task:queues'

/** HASH: what each schedule says. Its satellites are {@link scheduleKeys}. */
export const schedulesKey = 'task:schedules'

/** ZSET of schedules by next due time, and HASH of their last runs, JSON. */
export const scheduleKeys = { due: satellite(schedulesKey, 'due'), last: satellite(schedulesKey, 'last') }

/** CHANNEL, JSON: what became of tasks, a sample of each change. See `scripts/events.lua`. */
export const changesChannel = 'task:changes'

/** SET: workers that live or did until lately. */
export const workersKey = 'task:workers'

/** STRING, JSON: what is shown of a worker. All in one slot, so that one MGET reads them. */
export const workerKey = (worker: string): string => satellite(workersKey, worker)

/** LIST: what a consumer has taken and not settled. */
export const heldKey = (list: string, consumer: string): string => satellite(list, `held:${consumer}`)

/** HASH: the records of finished tasks whose ids were made in the same 64 ms. */
export const recordKey = (list: string, id: string): string => satellite(list, `task:${id.slice(1, 8)}`)

/** ZSET: a queue's delayed tasks of one priority, by due time. */
export const delayedKey = (list: string, priority: Priority): string =>
  satellite(list, priority === 'normal' ? 'delayed' : `delayed:${priority}`)

/** HASH: what passed in an hour since 1970, in five-minute steps; see `scripts/traffic.lua`. */
export const trafficKey = (list: string, hour: number): string => satellite(list, `traffic:${hour}`)

/** LIST: a task's failed attempts, JSON. */
export const historyKey = (list: string, id: string): string => satellite(list, `history:${id}`)

/** The other satellites of a task queue; `docs/protocol.md` says what each holds. */
export const taskKeys = (list: string) => ({
  list,
  high: satellite(list, 'high'),
  low: satellite(list, 'low'),
  tasks: satellite(list, 'tasks'),
  active: satellite(list, 'active'),
  tries: satellite(list, 'tries'),
  stats: satellite(list, 'stats'),
  ghosts: satellite(list, 'ghosts'),
  /** By priority, the highest first. */
  delayed: (['high', 'normal', 'low'] as const).map((priority) => delayedKey(list, priority)),
  dead: satellite(list, 'dead'),
  consumers: satellite(list, 'consumers'),
  paused: satellite(list, 'paused'),
  cancelled: satellite(list, 'cancelled'),
})
