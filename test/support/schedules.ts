import { onTestFinished } from 'vitest'
import { DueSchedules } from '../../src/schedules/due-schedules.js'
import type { ScheduledTask } from '../../src/schedules/schedule.js'
import { Scheduler } from '../../src/schedules/scheduler.js'
import { Schedules } from '../../src/schedules/schedules.js'
import { TaskInspector } from '../../src/queue/task-inspector.js'
import type { TaskRecord } from '../../src/queue/task-record.js'
import { recordingLog } from './log.js'
import type { TestRedis } from './redis.js'

/** What a schedule enqueues unless a test says otherwise. */
export const scheduled = (message: string, queue = 'default'): ScheduledTask => ({
  queue,
  task: { name: 'echo', data: JSON.stringify({ message }) },
  request: { task: 'echo' },
})

/** The book of schedules on this Redis, and what a test does with it. */
export function givenSchedules(redis: TestRedis, { maxLength = 0 } = {}) {
  const schedules = new Schedules(redis.client)
  /** A process's view of what is due. */
  const observer = () => new DueSchedules(redis.client, { maxLength, maxBytes: 0 })
  const { log, lines } = recordingLog()

  return {
    schedules,
    observer,
    lines,
    /** A scheduler that runs until the test is over. */
    start: (idleMs = 50): Scheduler => {
      const scheduler = new Scheduler({ due: observer(), log, idleMs })
      scheduler.start()
      onTestFinished(() => scheduler.stop())
      return scheduler
    },
    /** Lets a schedule be due so long ago, as if nobody had lived since. */
    makeDue: async (name: string, agoMs: number): Promise<number> => {
      const dueAt = (await redisNow(redis)) - agoMs
      await redis.client.zadd('{task:schedules}:due', dueAt, name)
      return dueAt
    },
    /** Tasks that wait, next to be taken first. */
    waiting: async (queue = 'default'): Promise<TaskRecord[]> =>
      (await new TaskInspector(redis.client, queue).page('waiting')).tasks as TaskRecord[],
  }
}

/** The only clock, in ms since 1970. */
export async function redisNow(redis: TestRedis): Promise<number> {
  const [seconds, micros] = await redis.client.time()
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
}

/** What is due now, as one process is told of it; it must be one schedule. */
export async function takeOne(observer: DueSchedules) {
  const { due } = await observer.take()
  if (due.length !== 1 || !due[0]) throw new Error(`expected one schedule to be due, got ${due.length}`)
  return due[0]
}
