import type { FastifyInstance } from 'fastify'
import { publicId } from '../../queue/task-id.js'
import type { WorkerInfo } from '../../queue/workers.js'
import type { TaskBoard } from '../task-board.js'

export interface WorkersOptions {
  board: TaskBoard
}

/** `/workers`: who is alive, and what each is doing. */
export async function workerRoutes(app: FastifyInstance, { board }: WorkersOptions): Promise<void> {
  app.get(
    '/workers',
    { schema: { summary: 'The tasks workers that live, and what each is doing' } },
    async () => ({
      workers: (await board.workers()).map(workerJson),
    }),
  )
}

function workerJson({ running, queues, startedAt, shownAt, blockedSince, ...rest }: WorkerInfo) {
  return {
    ...rest,
    queues,
    startedAt: iso(startedAt),
    ...(shownAt && { heardAt: iso(shownAt) }),
    ...(blockedSince && { blockedSince: iso(blockedSince) }),
    running: running.map(({ id, queue, startedAt: since }) => ({
      id: publicId(queues[queue] ?? '', id),
      startedAt: iso(since),
    })),
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()
