import request from 'supertest'
import { beforeEach, describe, expect, it } from 'vitest'
import { messageOf } from '../support/answers.js'
import { givenApp, queueKey } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const pushed = () => redis.client.llen(queueKey)

type App = Awaited<ReturnType<typeof givenApp>>
let app: App

/** Everything over HTTP that changes something. */
const changes = [
  ['get', '/prodcons'],
  ['get', '/pubsub'],
  ['post', '/prodcons'],
  ['post', '/pubsub'],
] as const

describe('a page of another site', () => {
  beforeEach(async () => {
    app = await givenApp({ redisUrl: redis.url })
  })

  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', origin: 'http://127.0.0.1' },
    { origin: 'http://evil.example' },
    { origin: 'null' },
    { origin: 'not a url' },
  ].map((headers) => ({ headers, shown: JSON.stringify(headers) }))

  describe.each(changes)('%s %s', (method, path) => {
    it.each(foreign)('is refused with $shown', async ({ headers }) => {
      const answer = await request(app.server)[method](path).set(headers).expect(403)
      expect(answer.body).toMatchObject({ statusCode: 403, error: 'Forbidden', code: 'CROSS_SITE' })
      expect(await pushed()).toBe(0)
    })
  })

  it('is refused by the port as well: another program of this machine is another site', async () => {
    await request(app.server)
      .post('/prodcons')
      .set({ host: '127.0.0.1:3000', origin: 'http://127.0.0.1:4000' })
      .expect(403)
    expect(await pushed()).toBe(0)
  })

  it('may be left by a link to the page, which changes nothing', async () => {
    await request(app.server).get('/').set('sec-fetch-site', 'cross-site').expect(200)
    await request(app.server).head('/prodcons').set('sec-fetch-site', 'cross-site').expect(302)
    expect(await pushed()).toBe(0)
  })

  it('is answered with a page where a browser shows it', async () => {
    const { text } = await request(app.server)
      .post('/prodcons')
      .set({ 'sec-fetch-site': 'cross-site', accept: 'text/html' })
      .expect(403)
    expect(text).toContain('a page of another site sent this request')
  })
})

describe('our own page and programs', () => {
  beforeEach(async () => {
    app = await givenApp({ redisUrl: redis.url })
  })

  it.each([
    {},
    { 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'none' },
    { host: '127.0.0.1:3000', origin: 'http://127.0.0.1:3000' },
    { host: 'localhost:3000', origin: 'http://localhost:3000' },
    { 'sec-fetch-site': 'same-origin', origin: 'https://seen-through-a-proxy.example' },
  ])('are let in: %o', async (headers) => {
    await request(app.server).post('/prodcons').set(headers).expect(202)
    await request(app.server).get('/prodcons').set(headers).expect(302)
    expect(await pushed()).toBe(2)
  })
})

describe('a host name that was made to resolve to this machine (DNS rebinding)', () => {
  it.each(['/', '/prodcons', '/events', '/healthz', '/docs/json', '/nowhere'])(
    'is refused on %s',
    async (path) => {
      const guarded = await givenApp({ redisUrl: redis.url })
      const answer = await request(guarded.server).get(path).set('host', 'evil.example:3000').expect(403)
      expect(answer.body).toMatchObject({ code: 'HOST_NOT_ALLOWED' })
      expect(messageOf(answer)).toContain('got evil.example; set AUTH_TOKEN')
      expect(await pushed()).toBe(0)
    },
  )

  it.each(['localhost:3000', 'LOCALHOST:3000', '127.0.0.1', '127.8.8.8:80', '[::1]:3000'])(
    'is not what %s is',
    async (host) => {
      const guarded = await givenApp({ redisUrl: redis.url })
      await request(guarded.server).get('/').set('host', host).expect(200)
    },
  )

  it('is no danger where a token is asked for, or anyone is let in on purpose', async () => {
    const withToken = await givenApp({ redisUrl: redis.url, authToken: 'a-good-token' })
    await request(withToken.server)
      .get('/')
      .set({ host: 'servery.example', authorization: 'Bearer a-good-token' })
      .expect(200)
    const open = await givenApp({ redisUrl: redis.url, allowAnonymous: true })
    await request(open.server).get('/').set('host', 'servery.example').expect(200)
  })
})
