import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Connections } from '../redis/connections.js'
import { redisFailure, RedisUnavailableError } from '../redis/errors.js'
import { jsonValue } from './job.js'
import { repliesKey } from './names.js'
import type { Publisher } from './publisher.js'
import { type Listener, Roll } from './roll.js'

/** What a worker says to a broadcast, as it stands in the list of replies. */
interface Reply {
  worker: string
  id: string
  state: 'received' | 'done' | 'failed'
  /** How long the handler took. */
  ms?: number
  result?: unknown
  error?: unknown
}

/** What became of a broadcast job at one worker: `silent` is one that lived and said nothing. */
export interface RollCallEntry extends Omit<Reply, 'state'> {
  state: Reply['state'] | 'silent'
  /** It has left, or was not heard of any more: nothing is to be expected of it. */
  gone?: true
}

/** The outcome of a {@link RollCall}. */
export interface RollCallResult {
  broadcast: string
  task: string
  /** How many got the message: workers and foreign subscribers. */
  receivers: number
  counts: Record<RollCallEntry['state'], number>
  /** Those that lived when it was sent, and others that answered; by name. */
  workers: RollCallEntry[]
}

/** A job for every worker; its input was checked before. */
export interface BroadcastJob {
  task: string
  /** The handler's input, JSON text. */
  data: string
}

export interface RollCallLimits {
  deadlineMs: number
  /** Asked now and then; once false, nobody waits for the outcome any more. */
  isWanted?: () => boolean
}

/** Longest time to wait for answers. */
export const maxDeadlineMs = 60_000
/** How long workers may answer, and be ignored, after the deadline. */
const afterglowMs = 60_000
const repliesPerLook = 100
const firstPauseMs = 10
const longestPauseMs = 200

/**
 * Sends a job to every pubsub worker at once and gathers what each says. Answers come by way of a list, not a channel: one
 * whose connection is lost for a moment, here or there, is not taken for silent.
 */
export class RollCall {
  readonly #redis: Connections['commands']
  readonly #publisher: Publisher
  readonly #roll: Roll

  constructor(redis: Connections['commands'], publisher: Publisher) {
    this.#redis = redis
    this.#publisher = publisher
    this.#roll = new Roll(redis, publisher.channel)
  }

  /** Who lives, by name. One round trip. @throws {RedisUnavailableError} */
  live(): Promise<Listener[]> {
    return this.#roll.call()
  }

  /**
   * Returns when every worker has finished or failed, or at the deadline. A look every 10 ms, later every 200 ms.
   *
   * @throws {RedisUnavailableError} and then the job may have been sent or not
   */
  async hold({ task, data }: BroadcastJob, limits: RollCallLimits): Promise<RollCallResult> {
    const broadcast = randomUUID()
    const replies = repliesKey(broadcast)
    const listeners = await this.#roll.call()
    await this.#open(replies, limits.deadlineMs + afterglowMs)
    const message = `{"task":${JSON.stringify(task)},"data":${data},"broadcast":"${broadcast}"}`
    const { receivers } = await this.#publisher.broadcast(message)
    const entries = new Map<string, RollCallEntry>(
      listeners.map((listener) => [listener.id, silent(listener)]),
    )
    await this.#gather(replies, entries, limits)
    await this.#markGone(entries)
    await this.#redis.del(replies).catch(redisFailure(replies))
    const workers = [...entries.values()]
    return { broadcast, task, receivers, counts: countsOf(workers), workers }
  }

  // The list must be there before the job is, for workers answer only to one that is. It goes by itself if we die.
  async #open(replies: string, ttlMs: number): Promise<void> {
    await this.#redis
      .multi()
      .rpush(replies, 'open')
      .pexpire(replies, ttlMs)
      .exec()
      .catch(redisFailure(replies))
  }

  async #gather(replies: string, entries: Map<string, RollCallEntry>, limits: RollCallLimits): Promise<void> {
    const { deadlineMs, isWanted = () => true } = limits
    const deadline = Date.now() + deadlineMs
    let next = 1
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 1.5, longestPauseMs)) {
      const leftMs = deadline - Date.now()
      const found = await this.#look(replies, next).catch((error: Error) => lostFor(error, leftMs))
      next += found.length
      for (const text of found) note(entries, text)
      if (found.length === repliesPerLook) continue
      if (leftMs <= 0 || !isWanted() || [...entries.values()].every(hasEnded)) return
      await sleep(Math.min(found.length > 0 ? firstPauseMs : pauseMs, leftMs))
    }
  }

  #look(replies: string, next: number): Promise<string[]> {
    return this.#redis.lrange(replies, next, next + repliesPerLook - 1).catch(redisFailure(replies))
  }

  async #markGone(entries: Map<string, RollCallEntry>): Promise<void> {
    if ([...entries.values()].every(hasEnded)) return
    const live = new Set((await this.#roll.call()).map(({ id }) => id))
    for (const entry of entries.values()) if (!hasEnded(entry) && !live.has(entry.id)) entry.gone = true
  }
}

const silent = ({ id, name }: Listener): RollCallEntry => ({ worker: name, id, state: 'silent' })

/** How many there are of each state. */
function countsOf(workers: RollCallEntry[]): RollCallResult['counts'] {
  const counts = { done: 0, failed: 0, received: 0, silent: 0 }
  for (const { state } of workers) counts[state] += 1
  return counts
}

const hasEnded = ({ state }: RollCallEntry): boolean => state === 'done' || state === 'failed'

// Replies wait in their list until Redis is back.
function lostFor(error: Error, leftMs: number): string[] {
  if (error instanceof RedisUnavailableError && leftMs > 0) return []
  throw error
}

// Replies may come twice, or the first after the second.
function note(entries: Map<string, RollCallEntry>, text: string): void {
  const reply = toReply(jsonValue(text))
  if (!reply) return
  const known = entries.get(reply.id)
  if (!known || !hasEnded(known)) entries.set(reply.id, reply)
}

function toReply(given: unknown): Reply | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { worker, id = worker, state, ms, result, error } = given as Partial<Reply>
  if (typeof worker !== 'string' || typeof id !== 'string') return undefined
  if (state !== 'received' && state !== 'done' && state !== 'failed') return undefined
  return {
    worker,
    id,
    state,
    ...(typeof ms === 'number' && { ms }),
    ...(state === 'done' && { result: result ?? null }),
    ...(state === 'failed' && { error: error ?? null }),
  }
}
