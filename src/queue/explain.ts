import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { decodeTask } from './envelope.js'
import { taskKeys } from './names.js'
import { defaultRetryPolicy } from './retry-policy.js'
import { decodeElement } from './task-element.js'
import { parsePublicId } from './task-id.js'
import type { QueueCounts } from './queue-counts.js'
import type { TaskRecord } from './task-record.js'
import type { WorkerInfo } from './workers.js'

/** Why a task is where it is. */
export interface Explanation {
  /** In plain sentences, the most telling first. */
  reasons: string[]
  /** Tasks that will be taken before it, roughly: its own list is searched by the times in the ids. */
  ahead?: number
  /** When it will start at the rate at which its queue drains, ms from now. */
  startsInMs?: number
  /** When the lease of the worker that holds it ends, ms since 1970. */
  leaseEndsAt?: number
}

export interface ExplainFacts {
  record: TaskRecord
  counts: QueueCounts
  workers: WorkerInfo[]
  /** Tasks that the queue finishes a second. */
  drainRate: number
  nowMs: number
}

/** For no longer than this a worker puts off what it cannot run now. */
const putOffMs = 5000

/** Explains a waiting task. O(log n) round trips. */
export async function explainWaiting(
  redis: RedisClient,
  list: string,
  facts: ExplainFacts,
): Promise<Explanation> {
  const { record, counts, workers, drainRate } = facts
  const ahead = await countAhead(redis, list, record)
  const reasons = [...whyNobodyTakes(record, counts, workers)]
  reasons.push(ahead === 0 ? 'it is the next to be taken' : `about ${ahead} tasks are ahead of it`)
  if (drainRate <= 0) return { reasons, ahead }
  const startsInMs = Math.round((ahead / drainRate) * 1000)
  reasons.push(
    `at ${drainRate.toFixed(1)} tasks a second it starts in about ${Math.ceil(startsInMs / 1000)} s`,
  )
  return { reasons, ahead, startsInMs }
}

/** Explains a task that is not waiting. One round trip at most. */
export async function explainOther(
  redis: RedisClient,
  list: string,
  facts: ExplainFacts,
): Promise<Explanation> {
  const { record } = facts
  switch (record.state) {
    case 'active':
      return explainActive(redis, list, facts)
    case 'scheduled':
    case 'retrying':
      return { reasons: [...whyDelayed(facts)] }
    case 'dead':
      return { reasons: [await whyDead(redis, list, record)] }
    default:
      return { reasons: [`it is ${record.state}`] }
  }
}

function* whyDelayed({ record, counts, workers, nowMs }: ExplainFacts): Generator<string> {
  const { state, dueAt, attempt, error } = record
  const due = dueAt === undefined ? '' : `, due at ${new Date(dueAt).toISOString()}`
  const isDue = dueAt !== undefined && dueAt <= nowMs
  if (isDue) yield 'it is due and not taken yet'
  // What is due soon may have been put off by a worker that could not run it.
  if (isDue || (dueAt ?? Infinity) - nowMs < putOffMs) yield* whyNobodyTakes(record, counts, workers)
  yield state === 'retrying'
    ? `attempt ${attempt} failed${due}: ${error?.message ?? ''}`
    : `it is scheduled${due}`
}

async function whyDead(redis: RedisClient, list: string, { id: publicId, attempt, error }: TaskRecord) {
  const id = parsePublicId(publicId)?.id ?? ''
  const value = (await redis.hget(taskKeys(list).tasks, id).catch(redisFailure(list))) ?? ''
  const { a: attempts = defaultRetryPolicy.attempts } = decodeTask(id, 0, value).options
  const last = error?.message ?? ''
  if (attempt === 1 && attempts === 1) return `its only attempt failed with: ${last}`
  if (attempt >= attempts) return `all ${attempt} attempts failed, the last with: ${last}`
  return `attempt ${attempt} of ${attempts} failed with what cannot be retried: ${last}`
}

function* whyNobodyTakes(record: TaskRecord, counts: QueueCounts, workers: WorkerInfo[]): Generator<string> {
  if (counts.isPaused) yield `the queue ${record.queue} is paused`
  const serving = workers.filter(({ queues }) => queues.includes(record.queue))
  // Of a bare value the handler is the worker's to know.
  const able = serving.filter(({ handlers }) => record.task === '' || handlers.includes(record.task))
  if (serving.length === 0) yield `no live worker takes from the queue ${record.queue}`
  else if (able.length === 0)
    yield `no live worker of the queue ${record.queue} has the handler ${record.task}`
  else if (able.every(({ running, concurrency }) => running.length >= concurrency)) {
    yield `all ${able.length} workers that could run it are busy`
  } else if (able.every((worker) => isAtLimit(worker, record.task))) {
    yield `the handler ${record.task} is at its concurrency limit in all ${able.length} workers that could run it`
  }
}

function isAtLimit({ limits = {}, handlers, running }: WorkerInfo, task: string): boolean {
  if (!Object.hasOwn(limits, task)) return false
  const index = handlers.indexOf(task)
  return running.filter(({ handler }) => handler === index).length >= (limits[task] ?? Infinity)
}

async function explainActive(
  redis: RedisClient,
  list: string,
  { record, workers, nowMs }: ExplainFacts,
): Promise<Explanation> {
  const consumer = record.worker ?? ''
  const { consumers, cancelled } = taskKeys(list)
  const [score, isCancelled] = await Promise.all([
    redis.zscore(consumers, consumer),
    redis.sismember(cancelled, parsePublicId(record.id)?.id ?? ''),
  ]).catch(redisFailure(list))
  const leaseEndsAt = score === null ? undefined : Number(score)
  const since = record.startedAt === undefined ? '' : ` since ${new Date(record.startedAt).toISOString()}`
  const reasons = [`attempt ${record.attempt} runs in ${consumer}${since}`]
  if (isCancelled === 1) reasons.unshift('it is to be cancelled: its worker aborts it when it hears of that')
  const worker = workers.find(({ id }) => id === consumer)
  if (worker?.blockedSince) {
    const place = worker.stack?.[0] ?? 'an unknown place'
    reasons.unshift(
      `its worker's event loop is blocked since ${new Date(worker.blockedSince).toISOString()}, at ${place}`,
    )
  }
  if (leaseEndsAt === undefined || leaseEndsAt < nowMs) {
    reasons.unshift('its worker has not been heard of: the task is about to be given to another')
  }
  return { reasons, ...(leaseEndsAt !== undefined && { leaseEndsAt }) }
}

// Ids begin with the time they were made, and the list is in that order but for tasks that came back: good enough to search.
async function countAhead(redis: RedisClient, list: string, record: TaskRecord): Promise<number> {
  const { high, low } = taskKeys(list)
  const own = { high, normal: list, low }[record.priority]
  const before = { high: [], normal: [high], low: [high, list] }[record.priority]
  const lengths = await Promise.all([own, ...before].map((key) => redis.llen(key))).catch(redisFailure(list))
  const [length = 0, ...others] = lengths
  const inList = await rankInList(redis, own, { length, id: record.id.slice(-17) })
  return others.reduce((sum, each) => sum + each, inList)
}

async function rankInList(
  redis: RedisClient,
  key: string,
  { length, id }: { length: number; id: string },
): Promise<number> {
  let [low, high] = [0, length]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const element = await redis.lindex(key, -1 - middle).catch(redisFailure(key))
    if (element !== null && orderOf(element) < id.slice(1)) low = middle + 1
    else high = middle
  }
  return low
}

function orderOf(element: string): string {
  const decoded = decodeElement(element)
  return 'id' in decoded ? decoded.id.slice(1) : ''
}
