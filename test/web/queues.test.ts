import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo, givenTask } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

describe('queues', () => {
  it('are counted, listed by state, paused, resumed and purged', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    for (let count = 0; count < 3; count += 1) await givenTask(app)
    await givenTask(app, { ...echo, delay: '1h' })
    const { body } = await request(app.server).get('/queues/default').expect(200)
    expect(body).toMatchObject({ waiting: 3, delayed: 1, active: 0, dead: 0, accepted: 4 })
    const page = await request(app.server).get('/queues/default/tasks?state=delayed').expect(200)
    expect((page.body as { tasks: object[] }).tasks).toMatchObject([{ state: 'scheduled' }])

    await request(app.server)
      .post('/queues/default/pause')
      .expect(200, /"isPaused":true/)
    await request(app.server).post('/queues/default/reserve').expect(204)
    await request(app.server)
      .post('/queues/default/resume')
      .expect(200, /"isPaused":false/)
    await request(app.server).post('/queues/default/reserve').expect(200)

    await request(app.server).delete('/queues/default/tasks?state=waiting').expect(200, { removed: 2 })
    await request(app.server).delete('/queues/default/tasks?state=delayed').expect(200, { removed: 1 })
    await request(app.server).delete('/queues/default/tasks').expect(400, /state/)
  })

  it('add up, whatever happened to their tasks', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    for (let count = 0; count < 6; count += 1) await givenTask(app)
    const { id } = await givenTask(app)
    await request(app.server).delete(`/tasks/${id}`).expect(200)
    await request(app.server).post('/queues/default/reserve').expect(200)
    const { body } = await request(app.server).post('/queues/default/reserve').expect(200)
    await request(app.server)
      .post(`/leases/${(body as { lease: string }).lease}/ack`)
      .expect(200)
    const audit = await request(app.server).get('/audit').expect(200)
    expect(audit.body).toMatchObject({
      balanced: true,
      queues: [{ accepted: 7, waiting: 4, held: 1, done: 1, removed: 1, difference: 0 }],
    })
  })

  it('are in the metrics', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await givenTask(app)
    await request(app.server)
      .get('/metrics')
      .expect(200, /servery_tasks_waiting\{queue="default"\} 1/)
  })
})

describe('/tasks/:id/explain', () => {
  it('says that nobody takes from the queue, how many are ahead, and that it is paused', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    for (let count = 0; count < 4; count += 1) await givenTask(app)
    const { id } = await givenTask(app)
    await request(app.server).post('/queues/default/pause')
    const { body } = await request(app.server).get(`/tasks/${id}/explain`).expect(200)
    const { reasons, ahead, timeline } = body as { reasons: string[]; ahead: number; timeline: object[] }
    expect(reasons.join('\n')).toMatch(
      /is paused[^]*no live worker takes from the queue default[^]*about 4 tasks/,
    )
    expect(ahead).toBe(4)
    expect(timeline).toMatchObject([{ event: 'enqueued' }])
  })

  it('says who holds it and until when', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app)
    await request(app.server).post('/queues/default/reserve')
    const { body } = await request(app.server).get(`/tasks/${id}/explain`).expect(200)
    expect(body).toMatchObject({ state: 'active', leaseEndsAt: expect.stringMatching(/Z$/) as string })
  })
})
