import type { FastifyInstance } from 'fastify'
import request from 'supertest'

/** What a test reads of a task's record. */
export interface TaskAnswer {
  id: string
  state: string
}

/** The simplest task there is. */
export const echo = { task: 'echo', data: { message: 'hello' } }

/** Enqueues a task over HTTP. */
export async function givenTask(app: FastifyInstance, task: object = echo): Promise<TaskAnswer> {
  const { body } = (await request(app.server).post('/tasks').send(task).expect(202)) as { body: TaskAnswer }
  return body
}
