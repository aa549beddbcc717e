import type { Redis } from 'ioredis'
import { redisFailure } from '../redis/errors.js'
import {
  type Attempt,
  decodeMark,
  decodeRecord,
  decodeTask,
  type StoredError,
  type StoredTask,
} from './envelope.js'
import { historyKey, recordKey, taskKeys, taskList } from './names.js'
import { decodeElement } from './task-element.js'
import { priorityOf, publicId } from './task-id.js'
import type { TaskRecord } from './task-record.js'

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

export type PageState = 'waiting' | 'delayed' | 'active' | 'dead'

const pageSize = 50

/** The reading side of a task queue, for pages and programs; the worker never uses it. */
export class TaskInspector {
  readonly #redis: Redis
  readonly list: string
  readonly #keys: ReturnType<typeof taskKeys>

  constructor(
    redis: Redis,
    readonly queue: string,
  ) {
    this.#redis = redis
    this.list = taskList(queue)
    this.#keys = taskKeys(this.list)
  }

  /** A task by its own id; undefined if there is none or its record has expired. One round trip. */
  async find(id: string): Promise<TaskRecord | undefined> {
    return (await this.findAll([id]))[0]
  }

  /** Tasks by their own ids, without those that are no more. One round trip. */
  async findAll(ids: string[]): Promise<TaskRecord[]> {
    const { tasks, active, tries, delayed, dead } = this.#keys
    const pipeline = this.#redis.pipeline()
    for (const id of ids) {
      pipeline.hget(tasks, id).hget(active, id).hget(tries, id).zscore(delayed, id).zscore(dead, id)
      pipeline.get(recordKey(this.list, id)).lrange(historyKey(this.list, id), 0, -1)
    }
    const replies = (await this.#run(pipeline)) as (string | null)[]
    return ids.flatMap(
      (id, index) => this.#toRecord(id, replies.slice(index * 7, index * 7 + 7) as Facts) ?? [],
    )
  }

  /** Lengths and counters. One round trip, O(1). */
  async counts(): Promise<QueueCounts> {
    const { list, high, low, delayed, active, dead, ghosts, stats, paused } = this.#keys
    const pipeline = this.#redis
      .pipeline()
      .llen(list)
      .llen(high)
      .llen(low)
      .zcard(delayed)
      .hlen(active)
      .zcard(dead)
    const replies = await this.#run(pipeline.exists(paused).scard(ghosts).hgetall(stats))
    const [normal, first, last, delayedCount, activeCount, deadCount, isPaused, ghostCount] =
      replies as number[]
    const counters = replies[8] as Record<string, string>
    const counter = (name: string) => Number(counters[name] ?? 0)
    return {
      name: this.queue,
      isPaused: isPaused === 1,
      // Cancelled tasks keep their place in the list until it is reached.
      waiting: Math.max(0, (normal ?? 0) + (first ?? 0) + (last ?? 0) - (ghostCount ?? 0)),
      delayed: delayedCount ?? 0,
      active: activeCount ?? 0,
      dead: deadCount ?? 0,
      accepted: counter('accepted'),
      done: counter('done'),
      failed: counter('retry') + counter('dead'),
      retried: counter('retry'),
      removed: counter('removed') + counter('cancelled'),
      bytes: counter('bytes'),
    }
  }

  /**
   * A page of tasks, next to be taken first (the newest dead first). The cursor of the next page is undefined after the
   * last. Two round trips, O(page).
   */
  async page(state: PageState, cursor = 0): Promise<{ tasks: TaskRecord[]; next: number | undefined }> {
    const ids = await this.#pageIds(state, cursor)
    const found = await this.findAll(ids)
    return { tasks: found, next: ids.length < pageSize ? undefined : cursor + pageSize }
  }

  async #pageIds(state: PageState, cursor: number): Promise<string[]> {
    const { list, delayed, dead, active } = this.#keys
    const last = cursor + pageSize - 1
    const failure = redisFailure(this.list)
    if (state === 'delayed') return this.#redis.zrange(delayed, String(cursor), String(last)).catch(failure)
    if (state === 'dead') return this.#redis.zrange(dead, String(cursor), String(last), 'REV').catch(failure)
    if (state === 'active') return (await this.#redis.hkeys(active).catch(failure)).slice(cursor, last + 1)
    const elements = await this.#redis.lrange(list, -last - 1, -cursor - 1).catch(failure)
    return elements.reverse().flatMap((element) => idIn(element) ?? [])
  }

  async #run(pipeline: ReturnType<Redis['pipeline']>): Promise<unknown[]> {
    const replies = (await pipeline.exec().catch(redisFailure(this.list))) ?? []
    return replies.map(([error, reply]) => (error ? redisFailure(this.list)(error) : reply))
  }

  #toRecord(id: string, facts: Facts): TaskRecord | undefined {
    const [value, mark, tries, dueAt, deadAt, record, history] = facts
    const attempts = history.map((text) => JSON.parse(text) as Attempt)
    if (record !== null) return this.#finished(id, record, attempts)
    if (value === null) return undefined
    const task = decodeTask(id, Number(tries ?? 0), value)
    const base = { ...this.#base(task), attempts, attempt: task.failed, ...lastError(attempts) }
    const active = mark === null ? undefined : decodeMark(mark)
    if (active) {
      const { attempt, startedAt, consumer: worker, progress, note } = active
      return {
        ...base,
        state: 'active',
        attempt,
        startedAt,
        worker,
        ...(progress !== undefined && { progress }),
        ...(note && { note }),
      }
    }
    if (deadAt !== null) return { ...base, state: 'dead', finishedAt: Number(deadAt) }
    if (dueAt === null) return { ...base, state: 'waiting' }
    return { ...base, state: task.failed > 0 ? 'retrying' : 'scheduled', dueAt: Number(dueAt) }
  }

  #finished(id: string, text: string, attempts: Attempt[]): TaskRecord {
    const { state, finishedAt, mark, outcome, task } = decodeRecord(id, text)
    const outcomeJson = JSON.parse(outcome) as unknown
    return {
      ...this.#base(task),
      state,
      attempt: mark?.attempt ?? attempts.length,
      finishedAt,
      ...(mark && { startedAt: mark.startedAt, worker: mark.consumer }),
      ...(state === 'done' ? { progress: 1, result: outcomeJson } : { error: outcomeJson as StoredError }),
      attempts,
    }
  }

  #base({ id, name, options, data, enqueuedAt }: StoredTask) {
    const { queue } = this
    const input: unknown = name === '' ? data : JSON.parse(data)
    const bare = { ...(options.f && { flags: options.f }), ...(options.e && { encoding: options.e }) }
    const base = { id: publicId(queue, id), task: name, queue, priority: priorityOf(id), data: input }
    return { ...base, ...bare, enqueuedAt }
  }
}

type Facts = [
  value: string | null,
  mark: string | null,
  tries: string | null,
  dueAt: string | null,
  deadAt: string | null,
  record: string | null,
  history: string[],
]

function lastError(attempts: Attempt[]): { error?: StoredError } {
  const last = attempts.at(-1)
  return last ? { error: last.error } : {}
}

function idIn(element: string): string | undefined {
  const decoded = decodeElement(element)
  return 'id' in decoded ? decoded.id : undefined
}
