import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { messageOf } from '../support/answers.js'
import { channelName, givenApp } from '../support/app.js'
import { asBrowser } from '../support/browser-headers.js'
import { givenListener } from '../support/listener.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const aDigit = expect.stringMatching(/^\d$/) as string
const dispatchTo = (worker: string) => `task:dispatch:${worker}`

async function givenPubsub() {
  const app = await givenApp({ redisUrl: redis.url })
  // The page's own subscription is there; it must not be counted.
  await vi.waitFor(async () => expect(await redis.client.pubsub('NUMPAT')).toBeGreaterThan(0))
  return {
    app,
    get: () => request(app.server).get('/pubsub'),
    post: () => request(app.server).post('/pubsub'),
    postJson: (text: string) =>
      request(app.server).post('/pubsub').set('content-type', 'application/json').send(text),
  }
}

describe('GET /pubsub', () => {
  it('publishes one random digit and leads back to the page', async () => {
    const { get } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    await get().expect(302).expect('location', '/').expect('cache-control', 'no-store')
    await expect.poll(() => messages).toEqual([aDigit])
  })

  it('publishes nothing for HEAD and for a prefetch', async () => {
    const { app, get, post } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    await request(app.server).head('/pubsub').expect(302)
    await get().set('sec-purpose', 'prefetch').expect(403)
    await post().send({ message: 'the only one' }).expect(202)
    await expect.poll(() => messages).toEqual(['the only one'])
  })
})

describe('POST /pubsub', () => {
  it.each([0, 1, 2])(
    'tells that %i foreign subscribers got the message, the page not counted',
    async (number) => {
      const { post } = await givenPubsub()
      const listeners = await Promise.all(
        Array.from({ length: number }, () => givenListener(redis, channelName)),
      )
      await post().send({ message: 'hello' }).expect(202, { channel: channelName, receivers: number })
      await expect
        .poll(() => listeners.map(({ messages }) => messages))
        .toEqual(listeners.map(() => ['hello']))
    },
  )

  it.each([
    ['"text"', 'text'],
    ['""', ''],
    ['7', '7'],
    ['[]', '[]'],
    ['{"a": {}}', '{"a":{}}'],
    ['null', 'null'],
    ['false', 'false'],
  ])('publishes %s as it is meant', async (json, published) => {
    const { postJson } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    await postJson(`{"message": ${json}}`).expect(202, { channel: channelName, receivers: 1 })
    await expect.poll(() => messages).toEqual([published])
  })

  it("publishes a form's message and a plain text", async () => {
    const { post } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    await post().type('form').send('message=from+a+form').expect(202)
    await post().type('text/plain').send('a text').expect(202)
    await expect.poll(() => messages).toEqual(['from a form', 'a text'])
  })

  it('publishes a random digit where nothing is sent', async () => {
    const { post } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    await post().expect(202)
    await post().type('application/json').expect(202)
    await post().type('text/plain').expect(202)
    await post().type('form').send('message=').expect(202)
    await expect.poll(() => messages).toEqual([aDigit, aDigit, aDigit, aDigit])
  })

  it("leads a browser's form back to the page", async () => {
    const { post } = await givenPubsub()
    await post().set(asBrowser).type('form').send('message=1').expect(303).expect('location', '/')
  })

  it.each([
    ['{}', 'body.message: expected, but missing'],
    ['{"mesage": 1}', 'body.mesage: there is no such field'],
    ['{"message": 12345678901234567890}', 'body.message: expected integers below 2^53'],
    ['{"message": 1, "to": 7}', 'body.to: expected to be string'],
    ['{"message": 1, "to": ""}', 'body.to: expected the name of a worker'],
    ['{"message": 1, "to": "a b"}', 'body.to: expected'],
    ['{"message": ', 'JSON'],
    ['[]', 'body: expected to be object'],
    ['null', 'body: expected to be object'],
  ])('refuses %s and says what was expected', async (text, message) => {
    const { postJson } = await givenPubsub()
    const { messages } = await givenListener(redis, channelName)
    const answer = await postJson(text).expect(400)
    expect(messageOf(answer)).toContain(message)
    await postJson('{"message": "the only one"}').expect(202)
    await expect.poll(() => messages).toEqual(['the only one'])
  })

  it('refuses a query, which would mean nothing', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const answer = await request(app.server).post('/pubsub?to=anna').send({ message: 'x' }).expect(400)
    expect(messageOf(answer)).toBe('querystring.to: there is no such field')
  })

  it('refuses another content type and a body over the limit', async () => {
    const { post } = await givenPubsub()
    await post().type('application/xml').send('<message/>').expect(415)
    await post()
      .type('text/plain')
      .send('x'.repeat(256 * 1024 + 1))
      .expect(413)
  })
})

describe('POST /pubsub with "to"', () => {
  it('dispatches to that worker alone', async () => {
    const { post } = await givenPubsub()
    const [everyone, anna, ben] = await Promise.all(
      [channelName, dispatchTo('anna'), dispatchTo('ben')].map((channel) => givenListener(redis, channel)),
    )
    await post()
      .send({ message: 'for anna', to: 'anna' })
      .expect(202, { channel: dispatchTo('anna'), receivers: 1 })
    await post()
      .type('form')
      .send('message=for+ben&to=ben')
      .expect(202, { channel: dispatchTo('ben'), receivers: 1 })
    await post().send({ message: 'for everyone' }).expect(202)
    await expect.poll(() => everyone?.messages).toEqual(['for everyone'])
    await expect.poll(() => anna?.messages).toEqual(['for anna'])
    await expect.poll(() => ben?.messages).toEqual(['for ben'])
  })

  it('answers 404 when nobody listens under that name', async () => {
    const { post } = await givenPubsub()
    await givenListener(redis, channelName)
    const answer = await post().send({ message: 'x', to: 'nobody' }).expect(404)
    expect(answer.body).toEqual({
      statusCode: 404,
      error: 'Not Found',
      code: 'NOBODY_LISTENS',
      message: 'no worker listens as nobody',
    })
  })

  it('takes an empty field of a form for everyone', async () => {
    const { post } = await givenPubsub()
    await post().type('form').send('message=x&to=').expect(202, { channel: channelName, receivers: 0 })
  })
})
