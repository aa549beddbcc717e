import { describe, expect, it } from 'vitest'
import { UnrecoverableError } from '../../src/handlers/task.js'
import type { FetchResult } from '../../workers/tasks/fetch/response.js'
import fetchUrl from '../../workers/tasks/fetch-url.js'
import { failureOf } from '../support/failure.js'
import { givenHttpServer, givenMirror } from '../support/http-server.js'
import { givenPortInUse } from '../support/port.js'
import { runHandler, type RunCircumstances } from '../support/run-handler.js'

const fetchAllow = [{ host: '127.0.0.1' }]

const fetched = async (input: object, circumstances: RunCircumstances = {}) =>
  (await runHandler(fetchUrl, input, { fetchAllow, ...circumstances })) as FetchResult

interface Mirrored {
  method: string
  headers: Record<string, string>
  body: string
}
const mirrored = async (input: object) => JSON.parse((await fetched(input)).body) as Mirrored

describe('fetch-url sends', () => {
  it('a GET, for itself and without compression', async () => {
    const { url } = await givenMirror()
    const { method, headers, body } = await mirrored({ url: `${url}/path?query=1#fragment` })
    expect([method, body]).toEqual(['GET', ''])
    expect(headers).toEqual({
      host: url.slice(7),
      accept: '*/*',
      'accept-encoding': 'identity',
      'user-agent': 'servery',
      connection: 'close',
    })
  })

  it('the method, the headers and the body that it is given', async () => {
    const { url } = await givenMirror()
    const headers = { 'X-Name': 'Anna', 'User-Agent': 'me', 'Content-Type': 'text/csv' }
    const sent = await mirrored({ url, method: 'put', headers, body: 'a,ü' })
    expect(sent).toMatchObject({ method: 'PUT', body: 'a,ü' })
    expect(sent.headers).toMatchObject({
      'x-name': 'Anna',
      'user-agent': 'me',
      'content-type': 'text/csv',
      'content-length': '4',
    })
  })

  it.each([
    ['a text as text', 'hello', 'text/plain;charset=UTF-8', 'hello'],
    ['an object as JSON', { a: [1, null] }, 'application/json', '{"a":[1,null]}'],
    ['an array as JSON', [], 'application/json', '[]'],
  ])('%s, by POST unless told otherwise', async (_, body, type, expected) => {
    const { url } = await givenMirror()
    const sent = await mirrored({ url, body })
    expect(sent).toMatchObject({ method: 'POST', body: expected })
    expect(sent.headers['content-type']).toBe(type)
  })

  it('its request only after the delay', async () => {
    const { url } = await givenMirror()
    const begin = performance.now()
    await fetched({ url, delay: 0.2 })
    expect(performance.now() - begin).toBeGreaterThanOrEqual(199)
  })
})

describe('fetch-url returns', () => {
  it('status, headers without secrets, body, bytes and URL', async () => {
    const { url } = await givenHttpServer((_, response) => {
      response.writeHead(201, { 'x-id': '7', 'set-cookie': 'session=secret', 'content-type': 'text/plain' })
      response.end('grüezi')
    })
    const result = await fetched({ url })
    expect(result).toEqual({
      status: 201,
      headers: { 'x-id': '7', 'content-type': 'text/plain', date: expect.any(String) as string },
      body: 'grüezi',
      encoding: 'text',
      bytes: 7,
      url: `${url}/`,
      truncated: false,
    })
  })

  it.each([304, 400, 401, 404, 409, 410, 422])('an answer of %i', async (status) => {
    const { url } = await givenHttpServer((_, response) => response.writeHead(status).end())
    expect(await fetched({ url })).toMatchObject({ status, body: '', bytes: 0, truncated: false })
  })

  it('the headers of a HEAD, whose body is not there', async () => {
    const { url } = await givenHttpServer((_, response) =>
      response.writeHead(200, { 'content-length': 5 }).end(),
    )
    expect(await fetched({ url, method: 'HEAD' })).toMatchObject({
      status: 200,
      headers: { 'content-length': '5' },
      bytes: 0,
    })
  })

  it.each([
    ['what is no text', 'application/octet-stream', [0xff, 0xfe, 0x00], ['base64', '//4A']],
    ['text in another charset', 'text/html; charset="ISO-8859-1"', [0xfc], ['text', 'ü']],
    ['text in a charset unheard of', 'text/html; charset=klingon', [0x61], ['base64', 'YQ==']],
  ] as const)('%s', async (_, type, content, [encoding, body]) => {
    const { url } = await givenHttpServer((_request, response) => {
      response.setHeader('content-type', type).end(Buffer.from(content))
    })
    expect(await fetched({ url })).toMatchObject({ encoding, body, bytes: content.length, truncated: false })
  })

  it.each([
    ['text', 'ü'.repeat(50_000)],
    ['text that grows in JSON', '\u0001'.repeat(50_000)],
    ['text of pairs', `a${'😀'.repeat(50_000)}`],
    ['what is no text', Buffer.alloc(100_000, 0xff)],
  ])('the beginning of %s that is too large for a result', async (_, content) => {
    const { url } = await givenHttpServer((_request, response) => void response.end(content))
    const result = await fetched({ url })
    expect(result).toMatchObject({ truncated: true, bytes: Buffer.byteLength(content) })
    expect(Buffer.from(content).indexOf(Buffer.from(result.body, encodingOf(result)))).toBe(0)
    const length = JSON.stringify(result).length
    expect(length).toBeGreaterThan(35_000)
    expect(length).toBeLessThan(64 * 1024)
  })

  it('a result that fits in spite of large headers and a long URL', async () => {
    const { url } = await givenHttpServer((_, response) => {
      for (let count = 0; count < 300; count += 1) response.setHeader(`x-${count}`, '"'.repeat(40))
      response.end('x'.repeat(100_000))
    })
    const result = await fetched({ url: `${url}/${'a'.repeat(8000)}` })
    expect(Object.keys(result.headers).length).toBeGreaterThan(50)
    expect(JSON.stringify(result).length).toBeLessThan(64 * 1024)
  })

  it('no more than a MiB that was read of an endless body, and ends the connection', async () => {
    const { url, disconnected } = await givenHttpServer((_, response) => {
      const write = () => {
        while (response.write('x'.repeat(65_536)));
      }
      response.on('drain', write)
      write()
    })
    expect(await fetched({ url })).toMatchObject({ status: 200, bytes: 1024 * 1024, truncated: true })
    await disconnected
  })

  it('text although what was read ends within a character', async () => {
    const { url } = await givenHttpServer((_, response) => void response.end(`a${'ü'.repeat(600_000)}`))
    const { body, encoding, bytes } = await fetched({ url })
    expect([encoding, bytes]).toEqual(['text', 1024 * 1024])
    expect(body).toMatch(/^aü+$/)
  })

  it('progress by the bytes that have come', async () => {
    const { url } = await givenHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': 200_000 })
      response.end(Buffer.alloc(200_000))
    })
    const fractions: number[] = []
    await fetched({ url }, { progress: (fraction) => fractions.push(fraction) })
    expect(fractions.length).toBeGreaterThan(1)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
  })
})

describe('fetch-url is tried again', () => {
  it.each([408, 425, 429, 500, 502, 503, 599])('after an answer of %i', async (status) => {
    const { url } = await givenHttpServer((_, response) => response.writeHead(status).end('no'))
    const error = await failureOf(fetched({ url: `${url}/path?token=secret` }))
    expect(error).not.toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(new RegExp(`^GET ${url}/path: it answered ${status}`))
  })

  it('when nobody answers', async () => {
    const { url, port } = await givenHttpServer((request) => request.socket.destroy())
    await expect(fetched({ url })).rejects.toThrow('socket hang up')
    await expect(fetched({ url: url.replace(String(port), '1') })).rejects.toThrow(/ECONNREFUSED/)
    await expect(fetched({ url: 'http://nowhere.invalid' })).rejects.toThrow(/ENOTFOUND|EAI_AGAIN/)
  })

  it('when the body breaks off', async () => {
    const { url } = await givenHttpServer((request, response) => {
      response.writeHead(200, { 'content-length': 10 })
      response.write('half', () => request.socket.destroy())
    })
    const error = await failureOf(fetched({ url }))
    expect(error).not.toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/aborted/)
  })

  it('when the headers are too large', async () => {
    const { url } = await givenHttpServer((_, response) => response.setHeader('x', 'x'.repeat(20_000)).end())
    await expect(fetched({ url })).rejects.toThrow(/Header overflow/i)
  })

  it('when what should speak TLS does not', async () => {
    const { url } = await givenMirror()
    const error = await failureOf(fetched({ url: url.replace('http:', 'https:') }))
    expect(error).not.toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/SSL|EPROTO/)
  })
})

describe('fetch-url aborted', () => {
  it('ends at once while it waits for its delay', async () => {
    const { url, requests } = await givenMirror()
    const controller = new AbortController()
    const running = fetched({ url, delay: 3600 }, { controller })
    controller.abort()
    expect((await failureOf(running)).name).toBe('AbortError')
    expect(requests).toEqual([])
  })

  it('ends at once while it waits for an answer, and ends the connection', async () => {
    const controller = new AbortController()
    const reason = new Error('cancelled')
    const { url, disconnected } = await givenHttpServer(() => controller.abort(reason))
    expect(await failureOf(fetched({ url }, { controller }))).toBe(reason)
    await disconnected
  })

  it('ends at once in the midst of a body', async () => {
    const controller = new AbortController()
    const { url } = await givenHttpServer((_, response) => void response.write('some'))
    const reason = new Error('the worker is stopping')
    const progress = () => controller.abort(reason)
    expect(await failureOf(fetched({ url }, { controller, progress }))).toBe(reason)
  })

  it('sends nothing when it was aborted before', async () => {
    const { url, requests } = await givenMirror()
    const controller = new AbortController()
    controller.abort(new Error('cancelled'))
    await expect(fetched({ url }, { controller })).rejects.toThrow('cancelled')
    expect(requests).toEqual([])
  })
})

describe('fetch-url takes a bare value', () => {
  it.each([
    ['a URL', ' http://example.org/a?b \n', { url: 'http://example.org/a?b' }],
    ['JSON', '{"url": "http://example.org", "delay": 3}', { url: 'http://example.org', delay: 3 }],
  ])('that is %s', (_, value, input) => {
    expect(fetchUrl.raw?.(value, Buffer.from(value))).toEqual(input)
  })

  it('that is broken JSON for a mistake', () => {
    expect(() => fetchUrl.raw?.('{"url": ', Buffer.alloc(0))).toThrow(SyntaxError)
  })
})

describe('fetch-url in a worker', () => {
  it('is left alone by what listens without answering, until it is aborted', async () => {
    const port = await givenPortInUse()
    const controller = new AbortController()
    const running = fetched({ url: `http://127.0.0.1:${port}` }, { controller })
    setTimeout(() => controller.abort(new Error('timed out')), 50)
    await expect(running).rejects.toThrow('timed out')
  })
})

function encodingOf({ encoding }: FetchResult): BufferEncoding {
  return encoding === 'text' ? 'utf8' : 'base64'
}
