import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import {
  type ActiveMark,
  type Attempt,
  decodeMark,
  decodeTask,
  type StoredTask,
  valueSeparator,
} from './envelope.js'
import { heldKey, taskKeys, taskList } from './names.js'
import { type HeartbeatReply, withScripts } from './scripts.js'
import { encodeSettlements } from './settlements.js'
import { newSeed, splitIds } from './task-id.js'

/** How a task ended. `detail` is JSON on one line. */
export type Outcome =
  | { kind: 'done' | 'cancelled'; detail: string }
  | { kind: 'retry'; delayMs: number; attempt: Attempt }
  | { kind: 'dead'; attempt: Attempt }
  | { kind: 'return' | 'park' }
  | { kind: 'postpone'; delayMs: number }

export interface Settlement {
  id: string
  /** The one that ended, so that a settlement that is sent again does not end a later one; undefined = any. */
  attempt?: number
  /** When that one started, ms since 1970 by Redis' clock, or nearly. */
  startedAt?: number
  outcome: Outcome
}

/** What is said of a task that has been running for a while. */
export interface RunningNote {
  id: string
  attempt: number
  /** ms since 1970. */
  startedAt: number
  /** From 0 to 1; undefined if the handler said nothing of it. */
  fraction?: number
  note?: string
}

/** What a reserve found besides the tasks. */
export interface Reserved {
  state: 'open' | 'paused' | 'lost'
  now: number
  /** When the next delayed task is due, ms since 1970 by Redis' clock. */
  nextDue: number | undefined
  tasks: StoredTask[]
}

export interface Heartbeat {
  now: number
  /** Elements in this consumer's held list. */
  held: number
  nextDue: number | undefined
  /** Consumers whose lease has ended. */
  dead: number
  /** Whether there is something to take. */
  hasWaiting: boolean
  /** Tasks of this consumer that are to be aborted. */
  cancelled: string[]
}

/** A task that a consumer holds, with what was noted when it took it. */
export interface Recovered {
  task: StoredTask
  mark: ActiveMark
}

/** What became of a task that was to be given back. */
export type GivenBack = 'back' | 'lost' | 'worn' | 'cancelled'

/** What became of an element that came through a blocked read. */
export type Adopted =
  { state: 'held'; task: StoredTask; takenAt: number } | { state: 'paused' | 'nothing' | 'lost' }

/** How long finished and dead tasks are kept. */
export interface Retention {
  resultTtlMs: number
  deadMax: number
  deadTtlMs: number
}

const dayMs = 86_400_000
/** A script that ran for more would hold Redis up. */
const maxQueuesPerBeat = 200

/** The consuming side of a task queue, for one consumer: everything it does goes through one of these scripts. */
export class TaskConsumer {
  readonly queue: string
  readonly id: string
  readonly list: string
  readonly #redis: RedisClient

  constructor(
    redis: RedisClient,
    { queue, id }: { queue: string; id: string },
    private readonly retention: Retention,
  ) {
    this.#redis = withScripts(redis)
    this.queue = queue
    this.id = id
    this.list = taskList(queue)
  }

  /**
   * Takes up to `count` tasks. One round trip, and one more for each `count` cancelled ones before them.
   *
   * @param leaseMs given to a consumer that has no lease yet; 0 = {@link heartbeat} sees to it
   */
  async reserve(count: number, leaseMs = 0): Promise<Reserved> {
    const [now, state, nextDue, ids = '', tries = '', joined = ''] = await this.#redis
      .reserveTasks(this.list, this.id, leaseMs, count, newSeed())
      .catch(redisFailure(this.list))
    if (state === 'more') return this.reserve(count, leaseMs)
    const tasks = ids === '' ? [] : await this.#tasksOf(splitIds(ids), tries.split(','), joined)
    return { state: state as Reserved['state'], now, nextDue: toDue(nextDue), tasks }
  }

  // A bare value may be any bytes, so that it is not clear where it ends, and large ones come in no one string: then they
  // are read one by one.
  async #tasksOf(ids: string[], tries: string[], joined: string): Promise<StoredTask[]> {
    let values: (string | null)[] = ids.length === 1 ? [joined] : joined.split(valueSeparator)
    if (values.length !== ids.length) {
      values = await this.#redis.hmget(taskKeys(this.list).tasks, ...ids).catch(redisFailure(this.list))
    }
    return ids.flatMap((id, index) => {
      const value = values[index]
      // Nobody's any more: settled in another's name, for the lease ended meanwhile.
      return typeof value === 'string' ? decodeTask(id, Number(tries[index] ?? 0), value) : []
    })
  }

  /**
   * Makes a held task of an element that came through a blocked read. One round trip; safe to repeat.
   *
   * @param bareId the id it gets if it is a bare value; the same when repeated
   */
  async adopt(element: string | Buffer, bareId: string): Promise<Adopted> {
    const [state, takenAt, id, failed, value] = await this.#redis
      .adoptTask(this.list, this.id, element, bareId)
      .catch(redisFailure(this.list))
    if (state !== 'held') return { state: state as 'paused' | 'nothing' | 'lost' }
    // A second reference to a task that has ended, which somebody else pushed, names nothing.
    if (typeof id !== 'string' || typeof value !== 'string') return { state: 'nothing' }
    return { state, takenAt, task: decodeTask(id, Number(failed), value) }
  }

  /**
   * Records outcomes. One round trip; safe to repeat.
   *
   * @returns those that were lost: no longer this consumer's, and left as they are
   */
  async settle(settlements: Settlement[]): Promise<Settlement[]> {
    if (settlements.length === 0) return []
    const { resultTtlMs, deadMax, deadTtlMs } = this.retention
    const args = [this.id, resultTtlMs, deadMax, deadTtlMs, ...encodeSettlements(settlements)]
    const [, ...lost] = await this.#redis.settleTasks(this.list, ...args).catch(redisFailure(this.list))
    return lost.map((at) => settlements[at] as Settlement)
  }

  /**
   * Takes one task on a lease that ends with it, for a consumer that takes no other. No lease is left when there is none.
   * One round trip, as both scripts are sent at once.
   */
  async lend(leaseMs: number): Promise<{ task: StoredTask; takenAt: number; endsAt: number } | undefined> {
    const [{ tasks, now: takenAt }, endsAt] = await Promise.all([
      this.reserve(1, leaseMs),
      this.keepLease(leaseMs).then((now) => now + leaseMs),
    ])
    return tasks[0] && { task: tasks[0], takenAt, endsAt }
  }

  /** Renews the lease if something is held under it, and else ends it; 0 does not renew. The time. One round trip. */
  async keepLease(leaseMs: number): Promise<number> {
    const [now] = await this.#redis.keepLease(this.list, this.id, leaseMs).catch(redisFailure(this.list))
    return now
  }

  /** Extends the lease, and hears what is new. One round trip. */
  async heartbeat(leaseMs: number): Promise<Heartbeat> {
    const { deadMax, deadTtlMs } = this.retention
    const reply = await this.#redis
      .heartbeat(this.list, this.id, leaseMs, deadMax, deadTtlMs)
      .catch(redisFailure(this.list))
    return toHeartbeat(reply)
  }

  /**
   * {@link heartbeat} in each of several queues, for one consumer. One round trip for some hundred queues; in a Cluster, where
   * they may be on as many servers, one for each.
   *
   * @param consumers of one connection, one id, and one retention
   */
  static async heartbeats(consumers: TaskConsumer[], leaseMs: number): Promise<Heartbeat[]> {
    const [first] = consumers
    if (!first) return []
    if (first.#redis.isCluster) return Promise.all(consumers.map((each) => each.heartbeat(leaseMs)))
    const { deadMax, deadTtlMs } = first.retention
    const beats: Heartbeat[] = []
    for (let at = 0; at < consumers.length; at += maxQueuesPerBeat) {
      const lists = consumers.slice(at, at + maxQueuesPerBeat).map(({ list }) => list)
      const replies = await first.#redis
        .heartbeats(lists.length, ...lists, first.id, leaseMs, deadMax, deadTtlMs)
        .catch(redisFailure(first.list))
      beats.push(...replies.map(toHeartbeat))
    }
    return beats
  }

  /**
   * Finds up to `count` tasks that one dead consumer had started; they stay in its held list until they are settled
   * {@link inPlaceOf} it. What it had only been handed goes back to the queue. One round trip.
   */
  async recover(count: number): Promise<{ consumer: string; tasks: Recovered[] }> {
    const [, consumer, ...parts] = await this.#redis
      .recoverTasks(this.list, count)
      .catch(redisFailure(this.list))
    const tasks: Recovered[] = []
    for (let at = 0; at + 3 < parts.length; at += 4) {
      const [id, failed, value, mark] = parts.slice(at, at + 4) as [string, string, string, string]
      const noted = decodeMark(mark) ?? { attempt: Number(failed) + 1, consumer }
      tasks.push({ task: decodeTask(id, Number(failed), value), mark: noted })
    }
    return { consumer, tasks }
  }

  /** A task that this consumer holds, by its own id; undefined if it does not hold it. One round trip. */
  async heldTask(id: string): Promise<Recovered | undefined> {
    const { tasks, active, tries } = taskKeys(this.list)
    const [value, mark, failed] = await Promise.all([
      this.#redis.hget(tasks, id),
      this.#redis.hget(active, id),
      this.#redis.hget(tries, id),
    ]).catch(redisFailure(this.list))
    const noted = mark === null ? undefined : decodeMark(mark)
    if (value === null || noted?.consumer !== this.id) return undefined
    return { task: decodeTask(id, Number(failed ?? 0), value), mark: noted }
  }

  /**
   * Gives tasks back to the end of the queue, no attempt counted; each at most `most` times, forgotten after a day without.
   * One round trip; safe to repeat.
   *
   * @returns for each what became of it; what is `worn` or `cancelled` is still held, and to be settled
   */
  async giveBack(tasks: { id: string; attempt: number }[], most: number): Promise<GivenBack[]> {
    const args = tasks.flatMap(({ id, attempt }) => [id, attempt])
    const outcomes = this.#redis.giveBackTasks(this.list, this.id, most, dayMs, ...args)
    return (await outcomes.catch(redisFailure(this.list))) as GivenBack[]
  }

  /** Settles in the name of another consumer. */
  inPlaceOf(id: string): TaskConsumer {
    return new TaskConsumer(this.#redis, { queue: this.queue, id }, this.retention)
  }

  /**
   * Ends the lease; what is still held goes back to the queue, no attempt counted. One round trip.
   *
   * @param hadBlockedReads then it is watched for a while, for one may have outlived its connection
   */
  async leave(hadBlockedReads = false): Promise<void> {
    await this.#redis.leaveQueue(this.list, this.id, hadBlockedReads ? 1 : 0).catch(redisFailure(this.list))
  }

  /** Notes what has been running for a while, and how far it is. One round trip. */
  async note(running: RunningNote[]): Promise<void> {
    const args = running.flatMap(({ id, attempt, startedAt, fraction = '', note = '' }) => {
      return [id, attempt, startedAt, fraction, note]
    })
    await this.#redis.noteTasks(this.list, this.id, ...args).catch(redisFailure(this.list))
  }

  /** The elements of this consumer's held list, as they are: a bare value may be any bytes. O(held). */
  async held(): Promise<Buffer[]> {
    return this.#redis.lrangeBuffer(heldKey(this.list, this.id), 0, -1).catch(redisFailure(this.list))
  }
}

function toHeartbeat([now, held, nextDue, dead, waiting, ...cancelled]: HeartbeatReply): Heartbeat {
  return { now, held, nextDue: toDue(nextDue), dead, hasWaiting: waiting === 1, cancelled }
}

const toDue = (text: string): number | undefined => (text === '' ? undefined : Number(text))
