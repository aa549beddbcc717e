import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as open } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { text } from 'node:stream/consumers'
import { expect, describe, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const line = `${JSON.stringify(echo)}\n`

function startUpload(app: FastifyInstance): { upload: ClientRequest; answer: Promise<IncomingMessage> } {
  const { port } = app.server.address() as AddressInfo
  const headers = { 'content-type': 'application/x-ndjson' }
  const upload = open({ host: '127.0.0.1', port, path: '/tasks', method: 'POST', headers })
  const answer = once(upload, 'response').then(([response]) => response as IncomingMessage)
  return { upload, answer }
}

async function answersTo(app: FastifyInstance, ...parts: (string | Buffer)[]): Promise<object[]> {
  const { upload, answer } = startUpload(app)
  for (const part of parts) upload.write(part)
  upload.end()
  const lines = (await text(await answer)).trim().split('\n')
  return lines.map((each) => JSON.parse(each) as object)
}

describe('NDJSON', () => {
  it('answers as soon as the input pauses, while it goes on', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { upload, answer } = startUpload(app)
    upload.write(line)
    const response = await answer
    const [first] = (await once(response, 'data')) as [Buffer]
    expect(JSON.parse(String(first))).toMatchObject({ line: 1, state: 'waiting' })
    upload.end(line)
    expect(await text(response)).toMatch(/"line":2/)
  })

  it('refuses a line that is too long without keeping it, and takes the others', async () => {
    const app = await givenApp({ redisUrl: redis.url, bodyLimit: 1000 })
    const long = Array.from({ length: 10 }, () => Buffer.alloc(1024 * 1024, 'x'))
    expect(await answersTo(app, line, ...long, '\n', line)).toMatchObject([
      { line: 1, state: 'waiting' },
      { line: 2, statusCode: 400, message: 'longer than 1000 bytes (BODY_LIMIT)' },
      { line: 3, state: 'waiting' },
    ])
  })

  it('ends a line nowhere but at a line feed, and refuses what is not UTF-8', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const separated = JSON.stringify({ task: 'echo', data: { message: 'a\u2028b' } })
    const bad = Buffer.from([0x22, 0xff, 0x22, 0x0a])
    expect(await answersTo(app, `${separated}\r\n`, bad, separated)).toMatchObject([
      { line: 1, state: 'waiting' },
      { line: 2, statusCode: 400, message: 'not UTF-8' },
      { line: 3, state: 'waiting' },
    ])
  })

  it('goes on for a client that reads nothing before it has sent all', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { upload, answer } = startUpload(app)
    // Each answer repeats the name: more than the sockets and the memory hold.
    const name = 'x'.repeat(10_000)
    const count = 3000
    for (let sent = 0; sent < count; sent += 100) {
      if (!upload.write(`{"task":"${name}"}\n`.repeat(100))) await once(upload, 'drain')
    }
    await new Promise((resolve) => upload.end(resolve))
    const lines = (await text(await answer)).trim().split('\n')
    expect(lines).toHaveLength(count)
    expect(lines.at(-1)).toMatch(/"line":3000,/)
  })
})
