import { encodeTask } from '../queue/envelope.js'
import { queuesKey, schedulesKey, taskList } from '../queue/names.js'
import { withScripts } from '../queue/scripts.js'
import { newSeed, newTaskId, publicId } from '../queue/task-id.js'
import type { QueueLimits } from '../queue/task-queue.js'
import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { decodeSchedule, type Run, type Schedule } from './schedule.js'

/** A schedule whose time has come. Times are ms since 1970 by Redis' clock. */
export interface Due {
  schedule: Schedule
  dueAt: number
  /** When it was told of. */
  now: number
}

/** What is due, and else when to look again: undefined if nothing ever will be. */
export interface Taken {
  now: number
  next: number | undefined
  due: Due[]
}

/** A run that was enqueued, now or before by somebody else; or why it was not. */
export type Enqueued = { outcome: 'enqueued'; run: Run } | { outcome: 'full' | 'stale' }

/** Time after which a process that was told of a due time may not enqueue its task any more. */
export const latestMs = 10_000

// Shorter than the shortest period: when the process whose turn it is dies, no due time passes unseen.
const turnMs = 500
const maxPerTurn = 50

/**
 * The schedulers' side of the book of schedules. The book and a queue may be on two servers of a cluster, so a run takes
 * two steps, and either may be repeated by anybody: its task is enqueued, which the queue takes once for each due time,
 * and then the schedule is moved on from that due time, if it is still there.
 */
export class DueSchedules {
  readonly #redis: RedisClient
  readonly #id = newSeed()

  /** @param limits of the queues */
  constructor(
    redis: RedisClient,
    private readonly limits: QueueLimits,
  ) {
    this.#redis = withScripts(redis)
  }

  /** What is due, unless another process is at it. One round trip. */
  async take(): Promise<Taken> {
    const [now, next, ...parts] = await this.#redis
      .takeDue(schedulesKey, this.#id, turnMs, maxPerTurn)
      .catch(redisFailure(schedulesKey))
    const due: Due[] = []
    for (let index = 0; index < parts.length; index += 3) {
      const [name, dueAt, value] = parts.slice(index, index + 3) as [string, string, string]
      due.push({ schedule: decodeSchedule(name, value), dueAt: Number(dueAt), now })
    }
    return { now, next: next === '' ? undefined : Number(next), due }
  }

  /** Enqueues the task of a due time, if nobody has. One round trip. */
  async enqueue({ schedule, dueAt, now }: Due): Promise<Enqueued> {
    const { name, revision, queue, task } = schedule
    const list = taskList(queue)
    const value = encodeTask(task)
    const [[outcome, at, id]] = await Promise.all([
      this.#redis.enqueueRun(
        list,
        ...[this.limits.maxLength, this.limits.maxBytes, name, revision, dueAt, now + latestMs],
        ...[newTaskId(task.priority), value],
      ),
      // A queue exists from its first task on.
      this.#redis.sadd(queuesKey, queue),
    ]).catch(redisFailure(list))
    if (outcome === 'full' || outcome === 'stale') return { outcome }
    return { outcome: 'enqueued', run: { id: publicId(queue, id), dueAt, at } }
  }

  /**
   * Moves a schedule on from a due time; false if it was moved on, changed or deleted meanwhile. One round trip.
   *
   * @param next undefined if it is never due again
   * @param run undefined if none was made
   */
  async advance({ schedule, dueAt }: Due, next: number | undefined, run?: Run): Promise<boolean> {
    const moved = await this.#redis
      .advanceSchedule(schedulesKey, schedule.name, dueAt, next ?? '', run ? JSON.stringify(run) : '')
      .catch(redisFailure(schedulesKey))
    return moved === 1
  }
}
