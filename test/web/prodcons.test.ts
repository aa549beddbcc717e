import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { messageOf } from '../support/answers.js'
import { queueKey } from '../support/app.js'
import { asBrowser } from '../support/browser-headers.js'
import { givenProdcons } from '../support/prodcons.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const values = () => redis.client.lrange(queueKey, 0, -1)
const aDigit = expect.stringMatching(/^\d$/) as string

describe('GET /prodcons', () => {
  it('pushes one random digit and leads back to the page', async () => {
    const { get } = await givenProdcons(redis)
    await get().expect(302).expect('location', '/').expect('cache-control', 'no-store')
    expect(await values()).toEqual([aDigit])
  })

  it('pushes digits that differ from each other', async () => {
    const { get } = await givenProdcons(redis)
    for (let i = 0; i < 30; i++) await get().expect(302)
    expect(new Set(await values()).size).toBeGreaterThan(1)
  })

  it('pushes nothing for HEAD', async () => {
    const { app } = await givenProdcons(redis)
    await request(app.server).head('/prodcons').expect(302).expect('location', '/')
    expect(await values()).toEqual([])
  })

  it.each([
    ['sec-purpose', 'prefetch'],
    ['sec-purpose', 'prefetch;prerender'],
    ['purpose', 'prefetch'],
    ['x-moz', 'prefetch'],
    ['x-purpose', 'preview'],
  ])('pushes nothing for a prefetch (%s: %s)', async (name, value) => {
    const { get } = await givenProdcons(redis)
    const answer = await get().set(name, value).expect(403)
    expect(answer.body).toMatchObject({
      code: 'PREFETCH',
      message: expect.stringContaining('prefetch') as string,
    })
    expect(await values()).toEqual([])
  })
})

describe('POST /prodcons with a form', () => {
  it('pushes the value', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('form').send('value=a+b%21').expect(202, { queue: queueKey, pushed: 1, length: 1 })
    expect(await values()).toEqual(['a b!'])
  })

  it('pushes several values', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('form').send('value=a&value=b').expect(202, { queue: queueKey, pushed: 2, length: 2 })
    expect(await values()).toEqual(['b', 'a'])
  })

  it('knows a form by its content type in any case', async () => {
    const { post } = await givenProdcons(redis)
    const type = 'Application/X-WWW-Form-Urlencoded; Charset=UTF-8'
    await post().set('content-type', type).send('value=a&value=b').expect(202)
    await post().set('content-type', type).send('vlaue=a').expect(400)
    expect(await values()).toEqual(['b', 'a'])
  })

  it('takes a field that was left empty for a random digit', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('form').send('value=').expect(202)
    expect(await values()).toEqual([aDigit])
  })

  it('takes a percent sign that begins nothing for itself', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('form').send('value=100%&value=%C3%A9%zz').expect(202)
    expect(await values()).toEqual(['é%zz', '100%'])
  })

  it('refuses an unknown field by its name', async () => {
    const { post } = await givenProdcons(redis)
    const answer = await post().type('form').send('value=1&vlaue=2').expect(400)
    expect(messageOf(answer)).toBe('body.vlaue: there is no such field')
    expect(await values()).toEqual([])
  })

  it('refuses more than 10,000 values', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('form').send('value=1&'.repeat(10_001)).expect(400)
    expect(await values()).toEqual([])
  })
})

describe('POST /prodcons with anything else', () => {
  it('pushes a text as it is', async () => {
    const { post } = await givenProdcons(redis)
    await post().type('text/plain').send('{"raw": [] }\n').expect(202)
    expect(await values()).toEqual(['{"raw": [] }\n'])
  })

  it.each([undefined, 'application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'pushes a random digit when nothing is sent (content type %s)',
    async (type) => {
      const { post } = await givenProdcons(redis)
      await (type ? post().type(type) : post()).expect(202, { queue: queueKey, pushed: 1, length: 1 })
      expect(await values()).toEqual([aDigit])
    },
  )

  it('pushes a random digit when a chunked body turns out to be empty', async () => {
    const { app } = await givenProdcons(redis)
    const { port } = app.server.address() as AddressInfo
    const headers = { 'transfer-encoding': 'chunked', 'content-type': 'application/json' }
    const status = await new Promise((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: '/prodcons', method: 'POST', headers }, (response) =>
        resolve(response.resume().statusCode),
      )
        .on('error', reject)
        .end()
    })
    expect(status).toBe(202)
    expect(await values()).toEqual([aDigit])
  })

  it('refuses another content type and names those that are taken', async () => {
    const { post } = await givenProdcons(redis)
    const answer = await post().type('application/xml').send('<value/>').expect(415)
    expect(answer.body).toMatchObject({ statusCode: 415, error: 'Unsupported Media Type' })
    expect(messageOf(answer)).toMatch(/application\/json.*urlencoded.*text\/plain/)
    expect(await values()).toEqual([])
  })

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'refuses a body over the limit, naming the limit (%s)',
    async (type) => {
      const { post } = await givenProdcons(redis)
      const answer = await post()
        .type(type)
        .send('x'.repeat(256 * 1024 + 1))
        .expect(413)
      expect(answer.body).toMatchObject({ statusCode: 413, error: 'Payload Too Large' })
      expect(messageOf(answer)).toContain('262144 bytes (BODY_LIMIT)')
      expect(await values()).toEqual([])
    },
  )

  it('takes a body of exactly the limit', async () => {
    const { post } = await givenProdcons(redis)
    await post()
      .type('text/plain')
      .send('x'.repeat(256 * 1024))
      .expect(202)
    expect((await values())[0]).toHaveLength(256 * 1024)
  })
})

describe('POST /prodcons?ifExists=1', () => {
  it('pushes only onto a queue that exists', async () => {
    const { post } = await givenProdcons(redis)
    await post('?ifExists=1').send({ value: 'x' }).expect(202, { queue: queueKey, pushed: 0, length: 0 })
    expect(await redis.client.exists(queueKey)).toBe(0)
    await redis.client.lpush(queueKey, 'first')
    await post('?ifExists=1').send({ value: 'x' }).expect(202, { queue: queueKey, pushed: 1, length: 2 })
    expect(await values()).toEqual(['x', 'first'])
  })

  it('pushes onto any queue with 0', async () => {
    const { post } = await givenProdcons(redis)
    await post('?ifExists=0').send({ value: 'x' }).expect(202)
    expect(await values()).toEqual(['x'])
  })

  it.each([
    ['?ifExists=2', 'querystring.ifExists: expected one of 0, 1'],
    ['?ifexists=1', 'querystring.ifexists: there is no such field'],
  ])('refuses %s', async (query, message) => {
    const { post } = await givenProdcons(redis)
    const answer = await post(query).send({ value: 'x' }).expect(400)
    expect(messageOf(answer)).toBe(message)
    expect(await values()).toEqual([])
  })
})

describe('the answer of POST /prodcons', () => {
  it("leads a browser's form back to the page", async () => {
    const { post } = await givenProdcons(redis)
    await post().set(asBrowser).type('form').send('value=1').expect(303).expect('location', '/')
    expect(await values()).toEqual(['1'])
  })

  it.each(['*/*', 'application/json', 'application/json, text/html;q=0.5'])(
    'is JSON for a program (Accept: %s)',
    async (accept) => {
      const { post } = await givenProdcons(redis)
      await post()
        .set({ accept })
        .type('form')
        .send('value=1')
        .expect(202)
        .expect('content-type', /^application\/json/)
    },
  )

  it('is a page for a browser that sent something wrong, with nothing of it as markup', async () => {
    const { post } = await givenProdcons(redis)
    const { text } = await post()
      .set(asBrowser)
      .type('form')
      .send(`${encodeURIComponent('<script>alert(1)</script>')}=1`)
      .expect(400)
      .expect('content-type', /^text\/html/)
    expect(text).toContain('Bad Request')
    expect(text).toContain('body.&lt;script&gt;')
    expect(text).not.toContain('<script>alert')
  })
})

describe('a full queue', () => {
  it('answers 429 with Retry-After and pushes nothing, not even what would have fitted', async () => {
    const { post, get } = await givenProdcons(redis, { maxLength: 3 })
    await post()
      .send({ values: ['a', 'b'] })
      .expect(202)
    const answer = await post()
      .send({ values: ['c', 'd'] })
      .expect(429)
      .expect('retry-after', /^[1-9]\d*$/)
    expect(answer.body).toEqual({
      statusCode: 429,
      error: 'Too Many Requests',
      code: 'QUEUE_FULL',
      message: `the queue ${queueKey} is full: it holds 2 of at most 3 values`,
    })
    expect(await values()).toEqual(['b', 'a'])
    await post().send({ value: 'c' }).expect(202)
    await get().expect(429)
    expect(await values()).toEqual(['c', 'b', 'a'])
  })

  it('is a page for a browser', async () => {
    await redis.client.lpush(queueKey, 'x')
    const { post } = await givenProdcons(redis, { maxLength: 1 })
    const { text } = await post()
      .set(asBrowser)
      .expect(429)
      .expect('content-type', /^text\/html/)
    expect(text).toContain('is full')
  })
})

describe('a key that holds something else', () => {
  it.each(['get', 'post'] as const)('answers %s with a 409 that says so', async (method) => {
    await redis.client.set(queueKey, 'a string')
    const prodcons = await givenProdcons(redis)
    const answer = await prodcons[method]().expect(409)
    expect(answer.body).toMatchObject({ statusCode: 409, error: 'Conflict', code: 'WRONG_TYPE' })
    expect(messageOf(answer)).toContain(`${queueKey} holds something that is not a list`)
    expect(await redis.client.get(queueKey)).toBe('a string')
  })
})

describe('a foreign Redis client', () => {
  it('takes with BRPOP and BLPOP what was pushed over HTTP', async () => {
    const { post } = await givenProdcons(redis)
    await post().send({ values: ['first', 'second', 'third'] })
    expect(await redis.client.brpop(queueKey, 1)).toEqual([queueKey, 'first'])
    expect(await redis.client.blpop(queueKey, 1)).toEqual([queueKey, 'third'])
  })
})
