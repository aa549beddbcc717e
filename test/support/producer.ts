import request from 'supertest'
import { expect } from 'vitest'
import { eventually } from './tasks.js'

/** A task that was answered with 202. */
export interface AcceptedTask {
  id: string
  queue: string
  answeredAt: number
}

/** Enqueues one task after another over HTTP, into each queue in turn; a refused one is not tried again. */
export function givenProducer(web: string, queues: string[], query = '') {
  const accepted: AcceptedTask[] = []
  const stopping = new AbortController()
  const producing = (async () => {
    for (let count = 0; !stopping.signal.aborted; count += 1) {
      const queue = queues[count % queues.length] ?? ''
      const task = { task: 'echo', queue, data: { message: count } }
      const answer = await request(web).post(`/tasks${query}`).send(task)
      const { id } = answer.body as { id: string }
      if (answer.status === 202) accepted.push({ id, queue, answeredAt: Date.now() })
    }
  })()
  producing.catch(() => undefined)
  return {
    accepted,
    /** Waits until more tasks have been accepted, from now on, for every queue. */
    async untilMore(): Promise<void> {
      const countNow = accepted.length
      await eventually(() => {
        const more = accepted.slice(countNow)
        expect(new Set(more.map(({ queue }) => queue))).toEqual(new Set(queues))
        expect(more.length).toBeGreaterThan(100)
      })
    },
    async stop(): Promise<AcceptedTask[]> {
      stopping.abort()
      await producing
      return accepted
    },
  }
}

/** Waits until nothing waits or is under way. */
export async function untilFinished(web: string, queues: string[]): Promise<void> {
  await eventually(async () => {
    const { body } = await request(web).get('/queues').expect(200)
    const idle = queues.map((name): unknown =>
      expect.objectContaining({ name, waiting: 0, delayed: 0, active: 0 }),
    )
    expect(body).toEqual({ queues: idle })
  })
}

/** Those of the accepted tasks that are not done. */
export async function unfinished(web: string, accepted: AcceptedTask[]): Promise<AcceptedTask[]> {
  const lost: AcceptedTask[] = []
  for (const task of accepted) {
    const { body } = (await request(web).get(`/tasks/${task.id}`)) as { body: { state?: string } }
    if (body.state !== 'done') lost.push(task)
  }
  return lost
}
