import { createHash } from 'node:crypto'
import createError from '@fastify/error'
import type { CheckedTask } from '../../handlers/intake.js'
import type { Enqueued, NewTask } from '../../queue/task-queue.js'
import type { TaskBoard } from '../task-board.js'
import { isoTime } from './task-json.js'

/** 429, naming the queue and how many tasks it holds. */
export const QueueFullError = createError(
  'QUEUE_FULL',
  'the queue %s is full: %d tasks wait or are delayed',
  429,
)
const KeyReusedError = createError('KEY_REUSED', 'the key %s was used for another task', 409)

const longestRetrySeconds = 300

/** Enqueues a task that was checked; once, if it has a key. */
export async function take(
  { queue: name, task, key }: CheckedTask,
  board: TaskBoard,
): Promise<Enqueued & { isRepeated?: boolean }> {
  const queue = board.queue(name)
  if (key === undefined) return queue.enqueue(task)
  const enqueued = await queue.enqueueOnce(task, { key, fingerprint: fingerprintOf(task) })
  if (enqueued.outcome === 'conflict') throw new KeyReusedError(key)
  return enqueued
}

const fingerprintOf = (task: NewTask): string =>
  createHash('sha256').update(JSON.stringify(task)).digest('base64url')

/** The record of a task that was just taken, as JSON has it. */
export function takenJson(
  { queue, task, data }: CheckedTask,
  { id, state, enqueuedAt }: Enqueued & { outcome: 'accepted' },
) {
  const { name, priority = 'normal' } = task
  return { id, task: name, queue, state, priority, attempt: 0, data, enqueuedAt: isoTime(enqueuedAt) }
}

/** The time in which one task leaves the queue, by the rate at which it drains now. */
export async function secondsUntilRoom(board: TaskBoard, queue: string): Promise<number> {
  const perSecond = await board.drainRate(queue)
  return perSecond > 0 ? Math.min(Math.ceil(1 / perSecond), longestRetrySeconds) : longestRetrySeconds
}
