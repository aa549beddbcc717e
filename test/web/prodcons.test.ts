import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp, queueKey } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const values = () => redis.client.lrange(queueKey, 0, -1)

describe('GET /prodcons', () => {
  it('pushes one random digit and leads back to the page', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).get('/prodcons').expect(302).expect('location', '/')
    expect(await values()).toEqual([expect.stringMatching(/^\d$/)])
  })
})
