import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { repliesOf } from '../redis/pipeline.js'
import { type Attempt, decodeMark, decodeRecord, decodeTask, type StoredTask } from './envelope.js'
import { delayedKey, heldKey, historyKey, recordKey, taskKeys, taskList } from './names.js'
import { type QueueCounts, queueCounts } from './queue-counts.js'
import type { StoredError } from './stored-error.js'
import { withScripts } from './scripts.js'
import { decodeElement, idIn } from './task-element.js'
import { priorityOf, publicId } from './task-id.js'
import type { TaskRecord } from './task-record.js'
import { waitingElements } from './waiting-page.js'

export type PageState = 'waiting' | 'delayed' | 'active' | 'dead'

type BareRecord = Pick<TaskRecord, 'task' | 'queue' | 'state' | 'priority' | 'data'>

export interface Page {
  /** A bare value that waits has no id, and no time: it gets both when it is taken. */
  tasks: (BareRecord & Partial<TaskRecord>)[]
  /** The cursor of the next page; undefined after the last. */
  next: number | undefined
}

const pageSize = 50

/** The reading side of a task queue, for pages and programs; the worker never uses it. */
export class TaskInspector {
  readonly #redis: RedisClient
  readonly list: string
  readonly #keys: ReturnType<typeof taskKeys>

  constructor(
    redis: RedisClient,
    readonly queue: string,
  ) {
    this.#redis = withScripts(redis)
    this.list = taskList(queue)
    this.#keys = taskKeys(this.list)
  }

  /**
   * A task by its own id; undefined if there is none or its record has expired. One round trip; another, O(consumers), for
   * one that waits or has just been started.
   */
  async find(id: string): Promise<TaskRecord | undefined> {
    const [record] = await this.findAll([id])
    if (record?.state !== 'waiting') return record
    const holder = await this.#redis.findHolder(this.list, id).catch(redisFailure(this.list))
    return holder === null ? record : activeNow(record, holder)
  }

  /** Tasks by their own ids, without those that are no more. One round trip. */
  async findAll(ids: string[]): Promise<TaskRecord[]> {
    const { tasks, active, tries, dead } = this.#keys
    const pipeline = this.#redis.pipeline()
    for (const id of ids) {
      pipeline.hget(tasks, id).hget(active, id).hget(tries, id)
      pipeline.zscore(delayedKey(this.list, priorityOf(id)), id).zscore(dead, id)
      pipeline.hget(recordKey(this.list, id), id).lrange(historyKey(this.list, id), 0, -1)
    }
    const replies = (await repliesOf(pipeline, this.list)) as (string | null)[]
    return ids.flatMap(
      (id, index) => this.#toRecord(id, replies.slice(index * 7, index * 7 + 7) as Facts) ?? [],
    )
  }

  /** Lengths and counters. One round trip, O(1). */
  counts(): Promise<QueueCounts> {
    return queueCounts(this.#redis, this.queue)
  }

  /** A page of tasks, next to be taken first (the newest dead first). Three round trips at most, O(page). */
  async page(state: PageState, cursor = 0): Promise<Page> {
    if (state === 'active') return this.#activePage(cursor)
    if (state === 'waiting') return this.#waitingPage(cursor)
    const ids = await this.#pageIds(state, cursor)
    return { tasks: await this.findAll(ids), next: nextCursor(ids, cursor) }
  }

  /** The own ids of the first delayed tasks, or of the oldest dead. One round trip, O(count). */
  async firstIds(state: 'delayed' | 'dead', count: number): Promise<string[]> {
    if (state === 'delayed') return (await this.#delayedIds(0)).slice(0, count)
    return this.#redis.zrange(this.#keys.dead, '0', String(count - 1)).catch(redisFailure(this.list))
  }

  async #waitingPage(cursor: number): Promise<Page> {
    const elements = await waitingElements(this.#redis, this.list, { skip: cursor, count: pageSize })
    const found = await this.findAll(elements.flatMap((element) => idIn(element) ?? []))
    const byId = new Map(found.map((record) => [record.id, record]))
    const tasks = elements.flatMap((element) => {
      const decoded = decodeElement(element)
      if (decoded.kind === 'bare') return this.#bare(element)
      return ('id' in decoded && byId.get(publicId(this.queue, decoded.id))) || []
    })
    return { tasks, next: nextCursor(elements, cursor) }
  }

  #bare(data: string): BareRecord {
    return { task: '', queue: this.queue, state: 'waiting', priority: 'normal', data }
  }

  // What consumers hold is little; they are asked one after the other.
  async #activePage(cursor: number) {
    const consumers = await this.#redis.zrange(this.#keys.consumers, '0', '-1').catch(redisFailure(this.list))
    const pipeline = this.#redis.pipeline()
    for (const consumer of consumers) pipeline.lrange(heldKey(this.list, consumer), 0, -1)
    const lists = (await repliesOf(pipeline, this.list)) as string[][]
    const held = lists.flatMap((elements, index) =>
      elements.reverse().flatMap((element) => {
        const decoded = decodeElement(element)
        return decoded.kind === 'started' ? [{ id: decoded.id, holder: consumers[index] ?? '' }] : []
      }),
    )
    const shown = held.slice(cursor, cursor + pageSize)
    const holders = new Map(shown.map(({ id, holder }) => [publicId(this.queue, id), holder]))
    const found = await this.findAll(shown.map(({ id }) => id))
    const tasks = found.map((task) =>
      task.state === 'waiting' ? activeNow(task, holders.get(task.id) ?? '') : task,
    )
    return { tasks, next: nextCursor(shown, cursor) }
  }

  async #pageIds(state: 'delayed' | 'dead', cursor: number): Promise<string[]> {
    if (state === 'delayed') return this.#delayedIds(cursor)
    const last = String(cursor + pageSize - 1)
    return this.#redis.zrange(this.#keys.dead, String(cursor), last, 'REV').catch(redisFailure(this.list))
  }

  // Those of one priority after those of the other, as they will be taken once they are due.
  async #delayedIds(cursor: number): Promise<string[]> {
    const ids: string[] = []
    let before = 0
    for (const set of this.#keys.delayed) {
      if (ids.length === pageSize) return ids
      const first = Math.max(cursor - before, 0)
      const last = first + pageSize - ids.length - 1
      const pipeline = this.#redis.pipeline().zcard(set).zrange(set, String(first), String(last))
      const [count, found] = (await repliesOf(pipeline, this.list)) as [number, string[]]
      ids.push(...found)
      before += count
    }
    return ids
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
        ...(startedAt !== undefined && { startedAt }),
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
      ...(mark?.startedAt !== undefined && { startedAt: mark.startedAt }),
      ...(mark && { worker: mark.consumer }),
      ...(state === 'done' ? { progress: 1, result: outcomeJson } : { error: outcomeJson as StoredError }),
      attempts,
    }
  }

  #base({ id, name, options, data, enqueuedAt }: StoredTask) {
    const { queue } = this
    const input: unknown = name === '' ? data : parseOrText(data)
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

// Who can write to Redis may have written anything.
function parseOrText(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

// Its consumer has not noted it yet: it was started a moment ago.
function activeNow(record: TaskRecord, worker: string): TaskRecord {
  return { ...record, state: 'active', attempt: record.attempt + 1, worker }
}

function nextCursor(shown: unknown[], cursor: number): number | undefined {
  return shown.length < pageSize ? undefined : cursor + pageSize
}

function lastError(attempts: Attempt[]): { error?: StoredError } {
  const last = attempts.at(-1)
  return last ? { error: last.error } : {}
}
