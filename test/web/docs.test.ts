import request from 'supertest'
import { expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

interface OpenApi {
  paths: Record<string, Record<string, { summary?: string; requestBody?: { content: object } }>>
}

it('serves the API description as a page', async () => {
  const app = await givenApp({ redisUrl: redis.url })
  const { text } = await request(app.server)
    .get('/docs/')
    .expect(200)
    .expect('content-type', /^text\/html/)
  expect(text).toContain('swagger-ui')
  await request(app.server).get('/docs').expect(200)
})

it('lists the routes, each with a summary', async () => {
  const app = await givenApp({ redisUrl: redis.url })
  const answer = await request(app.server).get('/docs/json').expect(200)
  const { paths } = answer.body as OpenApi
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => ({ route: `${method} ${path}`, summary })),
  )
  expect(routes.map(({ route }) => route)).toEqual(
    expect.arrayContaining([
      'get /',
      'get /events',
      'get /healthz',
      'get /prodcons',
      'get /pubsub',
      'get /readyz',
      'post /prodcons',
      'post /pubsub',
    ]),
  )
  expect(routes.filter(({ summary }) => !summary)).toEqual([])
})

it.each(['/prodcons', '/pubsub'])('describes every form in which %s takes a body', async (path) => {
  const app = await givenApp({ redisUrl: redis.url })
  const answer = await request(app.server).get('/docs/json').expect(200)
  expect(Object.keys((answer.body as OpenApi).paths[path]?.post?.requestBody?.content ?? {})).toEqual([
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
  ])
})
