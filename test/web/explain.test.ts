import type { FastifyInstance } from 'fastify'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo, givenTask } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

async function reasons(app: FastifyInstance, id: string): Promise<string> {
  const { body } = await request(app.server).get(`/tasks/${id}/explain`).expect(200)
  return (body as { reasons: string[] }).reasons.join('\n')
}

/** A worker as it shows itself. */
async function givenShownWorker(state: object): Promise<void> {
  const about = { name: 'w', pid: 1, queues: ['default'], handlers: ['sleep', 'echo'], concurrency: 10 }
  await redis.client.sadd('task:workers', 'w')
  await redis.client.set(
    '{task:workers}:w',
    JSON.stringify({ ...about, startedAt: 1, running: [], ...state }),
  )
}

describe('/tasks/:id/explain', () => {
  it('says why a task that is due is not taken', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app, { ...echo, delay: '1h' })
    expect(await reasons(app, id)).toMatch(/^it is scheduled, due at [^]*$/)
    await redis.client.zadd('{task:queue:default}:delayed', 1, id.split('.')[1] ?? '')
    await request(app.server).post('/queues/default/pause').expect(200)
    expect(await reasons(app, id)).toMatch(
      /it is due and not taken yet\nthe queue default is paused\nno live worker/,
    )
  })

  it('says that no live worker has the handler, or that the handler is at its limit', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app, { ...echo, delay: 1000 })
    await givenShownWorker({ handlers: ['sleep'] })
    expect(await reasons(app, id)).toMatch(/no live worker of the queue default has the handler echo/)
    await givenShownWorker({
      limits: { echo: 1 },
      running: [{ id: 'x', queue: 0, handler: 1, startedAt: 1 }],
    })
    expect(await reasons(app, id)).toMatch(/the handler echo is at its concurrency limit/)
  })

  it('tells an attempt that cannot be retried from the last of all, and says what is to be cancelled', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    for (const [task, expected] of [
      [echo, /^attempt 1 of 3 failed with what cannot be retried: no/],
      [{ ...echo, attempts: 1 }, /^its only attempt failed with: no/],
    ] as const) {
      const { id } = await givenTask(app, task)
      const { body } = await request(app.server).post('/queues/default/reserve').expect(200)
      await request(app.server).delete(`/tasks/${id}`).expect(200)
      expect(await reasons(app, id)).toMatch(/^it is to be cancelled/)
      await redis.client.del('{task:queue:default}:cancelled')
      const failing = request(app.server).post(`/leases/${(body as { lease: string }).lease}/fail`)
      await failing.send({ error: 'no', retry: false }).expect(200)
      expect(await reasons(app, id)).toMatch(expected)
    }
  })
})
