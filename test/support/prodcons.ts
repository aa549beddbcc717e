import request from 'supertest'
import { givenApp } from './app.js'
import type { TestRedis } from './redis.js'

/** The application on this Redis, and the ways to send something to its `/prodcons`. */
export async function givenProdcons(redis: TestRedis, options: { maxLength?: number } = {}) {
  const app = await givenApp({ redisUrl: redis.url, ...options })
  return {
    app,
    get: () => request(app.server).get('/prodcons'),
    post: (query = '') => request(app.server).post(`/prodcons${query}`),
    postJson: (text: string) =>
      request(app.server).post('/prodcons').set('content-type', 'application/json').send(text),
  }
}
