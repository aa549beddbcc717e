import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { givenApp, queueKey } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const values = () => redis.client.lrange(queueKey, 0, -1)
const latin1 = (text: string) => Buffer.from(text, 'latin1')

/** Sends bytes as they are. */
async function givenSender(path: string) {
  const { port } = (await givenApp({ redisUrl: redis.url })).server.address() as AddressInfo
  return async (body: string | Buffer, headers: Record<string, string>) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body, headers })
    return { status: response.status, text: await response.text() }
  }
}

describe('what is sent to POST /prodcons', () => {
  it('may not be compressed', async () => {
    const send = await givenSender('/prodcons')
    const headers = { 'content-type': 'text/plain' }
    const { status, text } = await send('text', { ...headers, 'content-encoding': 'gzip' })
    expect(status).toBe(415)
    expect(text).toContain('expected a body without content encoding, got gzip')
    expect(await send('text', { ...headers, 'content-encoding': 'identity' })).toMatchObject({ status: 202 })
    expect(await values()).toEqual(['text'])
  })

  it.each([
    ['text/plain', latin1('caf\xe9')],
    ['application/json', latin1('{"value": "caf\xe9"}')],
    ['application/x-www-form-urlencoded', latin1('value=caf\xe9')],
    ['application/x-www-form-urlencoded', 'value=caf%E9+au+lait'],
  ])('must be UTF-8 (%s)', async (type, body) => {
    const send = await givenSender('/prodcons')
    const { status, text } = await send(body, { 'content-type': type })
    expect(status).toBe(400)
    expect(text).toContain('the body is not valid UTF-8')
    expect(await values()).toEqual([])
  })

  it.each(['text/plain; charset=latin1', 'application/json; charset=utf-16', 'text/plain;Charset="UTF-7"'])(
    'must be said to be UTF-8, if anything (%s)',
    async (type) => {
      const send = await givenSender('/prodcons')
      const { status, text } = await send('"text"', { 'content-type': type })
      expect(status).toBe(415)
      expect(text).toContain('expected UTF-8, got ')
      expect(await values()).toEqual([])
    },
  )

  it('keeps each of its bytes, a byte order mark too', async () => {
    const send = await givenSender('/prodcons')
    await send('\uFEFFé\r\n', { 'content-type': 'text/plain; charset="UTF-8"' })
    expect(await values()).toEqual(['\uFEFFé\r\n'])
  })
})

describe('a line of NDJSON', () => {
  it('must be UTF-8, and does not end where JSON does not', async () => {
    const send = await givenSender('/tasks')
    const line = (message: string) => `{"task": "echo", "data": {"message": "${message}"}}\n`
    const body = Buffer.concat([
      Buffer.from(line('é \u2028')),
      latin1(line('caf\xe9')),
      Buffer.from(line('x')),
    ])
    const { text } = await send(body, { 'content-type': 'application/x-ndjson' })
    const answers = text.trim().split('\n')
    expect(answers.map((answer) => JSON.parse(answer) as object)).toMatchObject([
      { line: 1, state: 'waiting' },
      { line: 2, statusCode: 400, message: 'not UTF-8' },
      { line: 3, state: 'waiting' },
    ])
    const held = await redis.client.lrange('task:queue:default', 0, -1)
    expect(held.join()).toContain('é \u2028')
  })
})
