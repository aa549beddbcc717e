import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo, type TaskAnswer } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const tasks = () => redis.client.hlen('{task:queue:default}:tasks')

describe('an idempotency key', () => {
  it.each([
    ['as a header', { header: 'order-7' }],
    ['as a field', { field: 'order-7' }],
  ])(
    '%s gives the first answer back',
    async (_how, { header, field }: { header?: string; field?: string }) => {
      const app = await givenApp({ redisUrl: redis.url })
      const post = () => {
        const sent = request(app.server).post('/tasks')
        if (header) sent.set('idempotency-key', header)
        return sent.send({ ...echo, ...(field && { key: field }) }).expect(202)
      }
      const first = await post()
      const second = await post()
      expect(second.body).toEqual(first.body)
      expect(first.headers['idempotent-replayed']).toBeUndefined()
      expect(second.headers['idempotent-replayed']).toBe('true')
      expect(await tasks()).toBe(1)
    },
  )

  it('is refused with another body', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).post('/tasks').set('idempotency-key', 'k').send(echo).expect(202)
    const other = { ...echo, data: { message: 'other' } }
    await request(app.server)
      .post('/tasks')
      .set('idempotency-key', 'k')
      .send(other)
      .expect(409, /KEY_REUSED/)
    expect(await tasks()).toBe(1)
  })

  it("is its queue's: another queue has not seen it", async () => {
    const app = await givenApp({ redisUrl: redis.url })
    for (const queue of ['default', 'mail']) {
      const { headers } = await request(app.server)
        .post('/tasks')
        .set('idempotency-key', 'k')
        .send({ ...echo, queue })
        .expect(202)
      expect(headers['idempotent-replayed']).toBeUndefined()
    }
  })

  it('lets one of many at the same time through', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        request(app.server).post('/tasks').set('idempotency-key', 'k').send(echo).expect(202),
      ),
    )
    expect(new Set(answers.map(({ body }) => (body as TaskAnswer).id)).size).toBe(1)
    expect(await tasks()).toBe(1)
  })

  it('is not spent by a task that did not fit', async () => {
    const app = await givenApp({ redisUrl: redis.url, maxLength: 1 })
    await request(app.server).post('/tasks').send(echo).expect(202)
    await request(app.server).post('/tasks').set('idempotency-key', 'k').send(echo).expect(429)
    await request(app.server).delete('/queues/default/tasks?state=waiting').expect(200)
    const { headers } = await request(app.server)
      .post('/tasks')
      .set('idempotency-key', 'k')
      .send(echo)
      .expect(202)
    expect(headers['idempotent-replayed']).toBeUndefined()
  })

  it('works in arrays, for each task its own', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const both = [
      { ...echo, key: 'a' },
      { ...echo, key: 'a' },
    ]
    const { body } = await request(app.server).post('/tasks').send(both).expect(202)
    const [first, second] = (body as { tasks: TaskAnswer[] }).tasks
    expect(first?.id).toBe(second?.id)
    await request(app.server)
      .post('/tasks')
      .set('idempotency-key', 'k')
      .send(both)
      .expect(400, /Idempotency-Key/)
  })
})
