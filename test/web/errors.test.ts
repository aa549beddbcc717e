import type { FastifyInstance } from 'fastify'
import request from 'supertest'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { givenApp, queueKey } from '../support/app.js'
import { messageOf } from '../support/answers.js'
import { asBrowser } from '../support/browser-headers.js'
import { givenProxy } from '../support/proxy.js'
import { TestRedis, useRedis } from '../support/redis.js'
import { openEvents } from '../support/sse.js'

const redis = useRedis()
const values = () => redis.client.lrange(queueKey, 0, -1)

// The next test, and the end of this file, need it alive.
afterEach(async () => {
  redis.thaw()
  await redis.kill()
  await redis.start()
})

const outages = [
  ['killed', () => redis.kill()],
  ['frozen', async () => redis.freeze()],
] as const

/** Everything over HTTP that needs Redis. */
const routes = [
  ['get', '/prodcons', undefined],
  ['post', '/prodcons', { value: 1 }],
  ['get', '/pubsub', undefined],
  ['post', '/pubsub', { message: 1 }],
  ['post', '/pubsub', { message: 1, to: 'anna' }],
  ['get', '/readyz', undefined],
] as const

const promisedMs = 2000

async function untilReady(app: FastifyInstance): Promise<void> {
  await vi.waitFor(() => request(app.server).get('/readyz').expect(200), { timeout: 10_000, interval: 50 })
}

describe.each(outages)('while Redis is %s', (_name, strike) => {
  // The promise is about time, and a machine may be busy: one good try of three is asked for.
  it('every route that needs it answers 503 with Retry-After in time', { retry: 2 }, async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await strike()
    const answers = await Promise.all(
      routes.map(async ([method, path, sent]) => {
        const since = performance.now()
        const response = await request(app.server)[method](path).send(sent)
        return { response, tookMs: Math.round(performance.now() - since) }
      }),
    )
    for (const { response } of answers) {
      expect(response.status).toBe(503)
      expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(response.body).toMatchObject({
        statusCode: 503,
        error: 'Service Unavailable',
        code: 'REDIS_UNAVAILABLE',
        message: 'Redis is out of reach; try again',
      })
    }
    const slowestMs = Math.max(...answers.map(({ tookMs }) => tookMs))
    console.log(`Redis ${_name}: 503 after ${slowestMs} ms at most (promised: ${promisedMs})`)
    expect(slowestMs).toBeLessThan(promisedMs)
  })

  it('the page is served and says so, and so does its event stream', async () => {
    await redis.client.lpush(queueKey, 'x')
    const app = await givenApp({ redisUrl: redis.url })
    const stream = await openEvents(app)
    await stream.next('snapshot')
    await strike()
    const { text } = await request(app.server).get('/').set(asBrowser).expect(200)
    expect(text).toMatch(/data-state="problem">\s*Redis is out of reach/)
    expect(text).toMatch(/id="length">–</)
    await stream.next<{ problem: string | null }>(
      'queue',
      ({ problem }) => problem?.includes('out of reach') === true,
    )
    await request(app.server).get('/healthz').expect(200)
  })

  it('a browser gets a page that says so', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await strike()
    const { text } = await request(app.server).post('/prodcons').set(asBrowser).expect(503)
    expect(text).toContain('Service Unavailable')
  })

  it('what it could not take is not taken later, and all is well again by itself', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const stream = await openEvents(app)
    await strike()
    await request(app.server).post('/prodcons').send({ value: 'lost' }).expect(503)
    // Frozen, it may have the command in its socket: only its end settles that it was not taken.
    await redis.kill()
    await redis.start()
    await untilReady(app)
    await request(app.server).post('/prodcons').send({ value: 'accepted' }).expect(202)
    expect(await values()).toEqual(['accepted'])
    await stream.next<{ length: number }>('queue', ({ length }) => length === 1)
    // Its subscriptions are back too.
    await request(app.server).post('/pubsub').send({ message: 'heard again' })
    await vi.waitFor(async () => {
      await request(app.server).post('/pubsub').send({ message: 'heard again' })
      expect(stream.named<{ message: string }>('message').at(-1)?.data.message).toBe('heard again')
    })
  })
})

describe('a Redis that hangs for a while', () => {
  it('is used again once it answers', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    redis.freeze()
    await request(app.server).get('/readyz').expect(503)
    redis.thaw()
    await untilReady(app)
  })

  it('is not sent more and more while it cannot answer', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    redis.freeze()
    // Until the connection is given up; from then on each request is refused without being sent.
    await vi.waitFor(
      async () => {
        const since = performance.now()
        await request(app.server).post('/prodcons').send({ value: 'maybe' }).expect(503)
        expect(performance.now() - since).toBeLessThan(1000)
      },
      { timeout: 15_000 },
    )
    for (let i = 0; i < 20; i++) {
      await request(app.server).post('/prodcons').send({ value: 'never' }).expect(503)
    }
    redis.thaw()
    await untilReady(app)
    expect(await values()).not.toContain('never')
  })
})

it('a Redis that vanished without a word is reached anew', async () => {
  const network = await givenProxy(redis)
  const app = await givenApp({ redisUrl: network.url })
  await request(app.server).post('/prodcons').send({ value: 'before' }).expect(202)
  network.swallow()
  await request(app.server).post('/prodcons').send({ value: 'into the void' }).expect(503)
  await untilReady(app)
  await request(app.server).post('/prodcons').send({ value: 'after' }).expect(202)
  expect(await values()).toEqual(['after', 'before'])
})

it('a Redis that was not there at the start is used when it comes', async () => {
  const late = new TestRedis()
  onTestFinished(() => late.remove())
  const app = await givenApp({ redisUrl: late.url })
  await request(app.server).get('/prodcons').expect(503)
  await request(app.server).get('/').expect(200)
  await late.start()
  await untilReady(app)
  await request(app.server).post('/prodcons').expect(202)
})

it('a mistake in our own code is answered without its details', async () => {
  const app = await givenApp({
    redisUrl: redis.url,
    ping: () => Promise.reject(new Error('a secret detail')),
  })
  const answer = await request(app.server).get('/readyz').expect(500)
  expect(answer.body).toEqual({
    statusCode: 500,
    error: 'Internal Server Error',
    message: 'something went wrong here; the log says what',
  })
})

it('an unknown route is answered with what was asked for', async () => {
  const app = await givenApp({ redisUrl: redis.url })
  await request(app.server).delete('/nowhere?token=1').expect(404, {
    statusCode: 404,
    error: 'Not Found',
    code: 'NO_SUCH_ROUTE',
    message: 'there is no DELETE /nowhere',
  })
})

it.each([
  ['delete', '/prodcons?x=1', 'GET, HEAD, POST'],
  ['post', '/', 'GET, HEAD'],
  ['post', '/assets/page.js', 'GET, HEAD'],
  ['put', '/tasks/some-id', 'DELETE, GET, HEAD'],
] as const)('%s %s is answered with 405 and what is allowed there', async (method, path, allowed) => {
  const app = await givenApp({ redisUrl: redis.url })
  const answer = await request(app.server)[method](path).expect(405).expect('allow', allowed)
  expect(answer.body).toMatchObject({ error: 'Method Not Allowed', code: 'WRONG_METHOD' })
  await request(app.server).get('/assets/none.js').expect(404)
})

it.each(['/%', '/tasks/%ff', '/%zz?x=1'])(
  '%s is refused as any bad request, page and headers too',
  async (path) => {
    const app = await givenApp({ redisUrl: redis.url })
    const answer = await request(app.server).get(path).expect(400)
    expect(answer.body).toMatchObject({ statusCode: 400, code: 'BAD_URL' })
    const { text, headers } = await request(app.server).get(path).set(asBrowser).expect(400)
    expect(text).toContain('Bad Request')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    const guarded = await givenApp({ redisUrl: redis.url, authToken: 'sesame-open-42' })
    await request(guarded.server).get(path).expect(401)
  },
)

it('a path that is too long for anything here is not found', async () => {
  const app = await givenApp({ redisUrl: redis.url })
  await request(app.server)
    .get(`/tasks/${'x'.repeat(1000)}`)
    .expect(404)
})

it.each(['a wrong password', 'none'])(
  'a Redis that refuses %s is not said to be out of reach',
  async (given) => {
    await redis.client.config('SET', 'requirepass', 'right')
    onTestFinished(async () => {
      await redis.client.config('SET', 'requirepass', '')
    })
    const { url } = await givenProxy(redis)
    const app = await givenApp({ redisUrl: given === 'none' ? url : url.replace('//', '//:wrong@') })
    const refused = 'Redis refused the credentials; check the name and password in REDIS_URL'
    await vi.waitFor(async () => {
      const answer = await request(app.server).post('/prodcons').expect(503).expect('retry-after', '2')
      expect(messageOf(answer)).toBe(refused)
    })
    const { text } = await request(app.server).get('/').expect(200)
    expect(text).toContain(refused)
  },
)
