import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo, givenTask, type TaskAnswer } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

describe('a lease', () => {
  async function givenLease(app: Awaited<ReturnType<typeof givenApp>>, query = '', task: object = echo) {
    await givenTask(app, task)
    const { body } = await request(app.server).post(`/queues/default/reserve${query}`).expect(200)
    return body as { lease: string; expiresAt: string; task: TaskAnswer }
  }

  it('holds one task, with its data, until it is settled', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease, task } = await givenLease(app)
    expect(task).toMatchObject({ state: 'active', data: echo.data })
    await request(app.server).post('/queues/default/reserve').expect(204)
    await request(app.server)
      .post(`/leases/${lease}/ack`)
      .expect(200, /"state":"done"/)
    await request(app.server)
      .post(`/leases/${lease}/ack`)
      .expect(409, /LEASE_LOST/)
    expect(await redis.client.keys('*:held:*')).toEqual([])
  })

  it('fails into a retry, or for good', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const first = await givenLease(app)
    await request(app.server)
      .post(`/leases/${first.lease}/fail`)
      .send({ error: 'no luck' })
      .expect(200, /"state":"retrying".*no luck/)
    const second = await givenLease(app)
    await request(app.server)
      .post(`/leases/${second.lease}/fail`)
      .send({ error: 'hopeless', retry: false })
      .expect(200, /"state":"dead"/)
  })

  it('refuses a result that could not be written as it was sent', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease } = await givenLease(app)
    const deep = '['.repeat(50_000) + ']'.repeat(50_000)
    for (const result of [deep, '12345678901234567890']) {
      await request(app.server)
        .post(`/leases/${lease}/ack`)
        .set('content-type', 'application/json')
        .send(`{"result":${result}}`)
        .expect(400, /body\.result: /)
    }
    await request(app.server).post(`/leases/${lease}/ack`).expect(200)
  })

  it('is extended while it is held', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease, expiresAt } = await givenLease(app, '?lease=5')
    const { body } = await request(app.server)
      .post(`/leases/${lease}/extend`)
      .send({ for: '10m' })
      .expect(200)
    const extended = Date.parse((body as { expiresAt: string }).expiresAt)
    expect(extended).toBeGreaterThan(Date.parse(expiresAt) + 500_000)
  })

  it('that ends gives its task back, though there is no worker: the attempt has failed', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease, task } = await givenLease(app, '?lease=1')
    const record = () => request(app.server).get(`/tasks/${task.id}`)
    await expect
      .poll(async () => (await record()).body as object, { timeout: 25_000, interval: 200 })
      .toMatchObject({ attempts: [{ attempt: 1 }] })
    await request(app.server)
      .post(`/leases/${lease}/ack`)
      .expect(409, /LEASE_LOST/)
  })

  it('is not extended by nothing', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease } = await givenLease(app)
    const extend = (duration: string | number) =>
      request(app.server).post(`/leases/${lease}/extend`).send({ for: duration })
    await extend('0s').expect(400, /body\.for: expected 1 ms at least/)
    await extend('5s').expect(200)
  })

  it('cannot be made of what is shown of it', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { lease, task } = await givenLease(app)
    const { body } = await request(app.server).get(`/tasks/${task.id}`).expect(200)
    const { worker } = body as { worker: string }
    expect(worker).toMatch(/^http~/)
    const own = task.id.split('.')[1] ?? ''
    const forged = Buffer.from(['default', worker.slice(5), own].join('\n')).toString('base64url')
    await request(app.server)
      .post(`/leases/${forged}/ack`)
      .expect(409, /LEASE_LOST/)
    await request(app.server).post(`/leases/${lease}/ack`).expect(200)
  })

  it('goes to each of those who wait, and leaves nothing behind', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const got: number[] = []
    const waiting = Array.from({ length: 5 }, async (_, place) => {
      const { status } = await request(app.server).post('/queues/default/reserve?wait=20')
      expect(status).toBe(200)
      got.push(place)
    })
    await expect.poll(() => redis.client.info('commandstats')).toMatch(/cmdstat_evalsha:calls=\d\d/)
    for (let count = 0; count < 5; count += 1) await givenTask(app)
    await Promise.all(waiting)
    expect(got.sort()).toEqual([0, 1, 2, 3, 4])
    await request(app.server).post('/queues/default/reserve').expect(204)
    // Those that hold a task, and the one in whose name the web process looks after the queue.
    expect(await redis.client.zcard('{task:queue:default}:consumers')).toBe(6)
  })

  it.each(['x', 'AAAA', '%00'])('%s is none', async (lease) => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).post(`/leases/${lease}/ack`).expect(409)
    await request(app.server).post(`/leases/${lease}/extend`).expect(409)
  })

  it('is refused for longer than an hour, or for nonsense', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).post('/queues/default/reserve?lease=99999').expect(400, /lease/)
    await request(app.server).post('/queues/default/reserve?lease=0').expect(400, /lease/)
    await request(app.server).post('/queues/default/reserve?wait=-1').expect(400, /wait/)
  })
})
