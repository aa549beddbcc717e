import request from 'supertest'
import { expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

it('says that the process lives and that its Redis answers', async () => {
  const app = await givenApp({ redisUrl: redis.url })
  await request(app.server).get('/healthz').expect(200, { status: 'ok' })
  await request(app.server).get('/readyz').expect(200, { status: 'ok' })
})

it('answers 503 on /readyz, and 200 on /healthz, where no Redis is', async () => {
  const app = await givenApp({ redisUrl: 'unix:///nowhere/redis.sock' })
  await request(app.server).get('/healthz').expect(200, { status: 'ok' })
  const answer = await request(app.server).get('/readyz').expect(503).expect('retry-after', /^\d+$/)
  expect(answer.body).toEqual({
    statusCode: 503,
    error: 'Service Unavailable',
    code: 'REDIS_UNAVAILABLE',
    message: 'Redis is out of reach; try again',
  })
})
