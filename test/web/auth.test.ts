import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp, queueKey } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const token = 'sesame-open-42'
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

async function givenGuardedApp() {
  const app = await givenApp({ redisUrl: redis.url, authToken: token })
  return request(app.server)
}

const everywhere = [
  ['get', '/'],
  ['get', '/prodcons'],
  ['head', '/prodcons'],
  ['post', '/prodcons'],
  ['get', '/pubsub'],
  ['head', '/pubsub'],
  ['post', '/pubsub'],
  ['get', '/events'],
  ['get', '/readyz'],
  ['get', '/docs'],
  ['get', '/docs/json'],
  ['get', '/docs/static/index.css'],
  ['get', '/assets/page.js'],
  ['get', '/assets/pico/pico.classless.min.css'],
  ['get', '/nowhere'],
  ['delete', '/nowhere'],
  ['post', '/healthz'],
  ['options', '/'],
] as const

describe('AUTH_TOKEN', () => {
  it.each(everywhere)('is asked for by %s %s', async (method, path) => {
    const guarded = await givenGuardedApp()
    const { headers } = await guarded[method](path).expect(401)
    expect(headers['www-authenticate']).toMatch(/^Basic /)
    expect(await redis.client.exists(queueKey)).toBe(0)
  })

  it('is not asked for by /healthz', async () => {
    const guarded = await givenGuardedApp()
    await guarded.get('/healthz').expect(200, { status: 'ok' })
  })

  it.each([
    ['a bearer token', `Bearer ${token}`],
    ['a bearer token, the scheme in small letters', `bearer ${token}`],
    ['the password of any user', basic('anyone', token)],
    ['the password of a user without a name', basic('', token)],
  ])('is taken as %s', async (_how, authorization) => {
    const guarded = await givenGuardedApp()
    await guarded.get('/').set({ authorization }).expect(200)
    await guarded.post('/prodcons').set({ authorization }).send({ value: 1 }).expect(202)
    await guarded.get('/nowhere').set({ authorization }).expect(404)
  })

  it.each([
    ['Bearer wrong'],
    ['Bearer'],
    [`Bearer ${token}x`],
    [`Bearer ${token.slice(0, -1)}`],
    [`Bearer x ${token}`],
    [basic('anyone', 'wrong')],
    [basic(token, '')],
    [basic(token, 'wrong')],
    [basic('anyone', `${token}x`)],
    ['Basic !!!'],
    ['Basic'],
    [`Digest ${token}`],
    [token],
  ])('refuses %s, and never shows the token', async (authorization) => {
    const guarded = await givenGuardedApp()
    const answer = await guarded.post('/prodcons').set({ authorization })
    expect(answer.status).toBe(401)
    expect(answer.body).toMatchObject({ statusCode: 401, error: 'Unauthorized' })
    expect(answer.text + JSON.stringify(answer.headers)).not.toContain(token)
    expect(await redis.client.exists(queueKey)).toBe(0)
  })

  it('tells a stranger nothing about which routes there are', async () => {
    const guarded = await givenGuardedApp()
    const there = await guarded.get('/readyz')
    const notThere = await guarded.get('/nowhere')
    expect([notThere.status, notThere.body]).toEqual([there.status, there.body])
  })

  it('answers a browser with a page', async () => {
    const guarded = await givenGuardedApp()
    const { text } = await guarded.get('/').set('accept', 'text/html').expect(401)
    expect(text).toContain('<!doctype html>')
    expect(text).toContain('Unauthorized')
  })

  it('does not let a page of another site in that the browser adds the password to', async () => {
    const guarded = await givenGuardedApp()
    await guarded
      .post('/prodcons')
      .set({ authorization: basic('', token), 'sec-fetch-site': 'cross-site' })
      .expect(403)
    expect(await redis.client.exists(queueKey)).toBe(0)
  })

  it('is not asked for where none is set', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).get('/').expect(200)
  })
})
