import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply } from 'fastify'
import { type CheckedTask, checkTask } from '../../handlers/intake.js'
import type { Registry } from '../../handlers/registry.js'
import type { Enqueued } from '../../queue/task-queue.js'
import { clientSignal } from '../client-signal.js'
import type { TaskBoard } from '../task-board.js'
import { QueueFullError, secondsUntilRoom, take } from './taking.js'

export interface TakeOneOptions {
  board: TaskBoard
  handlers: Registry
  /** How long to wait for room in a full queue. */
  waitMs: number
}

export interface TakenTask {
  checked: CheckedTask
  enqueued: Enqueued & { outcome: 'accepted'; isRepeated?: boolean }
}

/** How often a producer that waits for room tries again. */
const roomPollMs = 100

/**
 * Checks and enqueues one task, in time for whoever sent it.
 *
 * @throws {BadTaskError}
 * @throws {QueueFullError} also when the client has gone: it would be told of no task
 */
export async function takeOne(
  body: unknown,
  reply: FastifyReply,
  options: TakeOneOptions,
): Promise<TakenTask> {
  const { board, handlers, waitMs } = options
  const checked = checkTask(body, handlers)
  const deadline = Date.now() + waitMs
  let gone: AbortSignal | undefined
  for (;;) {
    const enqueued = await take(checked, board)
    if (enqueued.outcome === 'accepted') return { checked, enqueued }
    if (Date.now() >= deadline) {
      reply.header('retry-after', await secondsUntilRoom(board, checked.queue))
      throw new QueueFullError(checked.queue, enqueued.length)
    }
    gone ??= clientSignal(reply)
    await sleep(roomPollMs, undefined, { signal: gone }).catch(() => undefined)
    if (gone.aborted) throw new QueueFullError(checked.queue, enqueued.length)
  }
}
