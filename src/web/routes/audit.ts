import type { FastifyInstance } from 'fastify'
import type { TaskBoard } from '../task-board.js'

export interface AuditOptions {
  board: TaskBoard
}

/** `/audit`: does everything that was accepted add up, and what could be lost. */
export async function auditRoutes(app: FastifyInstance, { board }: AuditOptions): Promise<void> {
  app.get('/audit', { schema: { summary: 'Does it all add up, and what could be lost' } }, async () => {
    const queues = await board.audit()
    const isBalanced = queues.every(({ difference }) => difference === 0)
    return { balanced: isBalanced, queues, weaknesses: await board.weaknesses() }
  })
}
