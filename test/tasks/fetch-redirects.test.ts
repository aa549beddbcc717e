import { describe, expect, it } from 'vitest'
import { UnrecoverableError } from '../../src/handlers/task.js'
import type { FetchResult } from '../../workers/tasks/fetch/response.js'
import fetchUrl from '../../workers/tasks/fetch-url.js'
import { failureOf } from '../support/failure.js'
import { givenHttpServer, givenMirror } from '../support/http-server.js'
import { runHandler } from '../support/run-handler.js'

const fetched = async (input: object) =>
  (await runHandler(fetchUrl, input, { fetchAllow: [{ host: '127.0.0.1' }] })) as FetchResult

/** A server that redirects everything to one place. */
const givenRedirect = (status: number, location: string) =>
  givenHttpServer((_, response) => response.writeHead(status, { location }).end('moved'))

describe('fetch-url follows a redirect', () => {
  it('to a path of the same server, and says where it came to', async () => {
    const { url, requests } = await givenHttpServer(({ url }, response) => {
      if (url === '/a/b') response.writeHead(302, { location: '../c?d=1' }).end()
      else response.end('arrived')
    })
    expect(await fetched({ url: `${url}/a/b` })).toMatchObject({ body: 'arrived', url: `${url}/c?d=1` })
    expect(requests).toHaveLength(2)
  })

  it.each([
    [301, 'POST', 'GET'],
    [302, 'POST', 'GET'],
    [303, 'POST', 'GET'],
    [303, 'PUT', 'GET'],
    [301, 'PUT', 'PUT'],
    [302, 'DELETE', 'DELETE'],
    [307, 'POST', 'POST'],
    [308, 'PUT', 'PUT'],
  ])('of %i after %s by %s', async (status, method, expected) => {
    const { url } = await givenMirror()
    const redirect = await givenRedirect(status, url)
    const headers = { 'content-type': 'text/csv', 'content-language': 'de', 'x-other': 'kept' }
    const { body } = await fetched({ url: redirect.url, method, body: 'a,b', headers })
    const arrived = JSON.parse(body) as { method: string; body: string; headers: object }
    expect(arrived.method).toBe(expected)
    expect(arrived.body).toBe(expected === method ? 'a,b' : '')
    expect(arrived.headers).toHaveProperty('x-other', 'kept')
    const kept = Object.keys(arrived.headers).filter((name) => /^content-[tl]/.test(name))
    expect(kept).toHaveLength(expected === method ? 3 : 0)
  })

  it('by HEAD after HEAD', async () => {
    const { url, requests } = await givenMirror()
    const redirect = await givenRedirect(303, url)
    await fetched({ url: redirect.url, method: 'HEAD' })
    expect(requests.map(({ method }) => method)).toEqual(['HEAD'])
  })

  it('to another origin without credentials, to the same with them', async () => {
    const { url, requests } = await givenMirror()
    const redirect = await givenHttpServer(({ url: path }, response) => {
      response.writeHead(307, { location: path === '/' ? '/again' : url }).end()
    })
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=secret', 'X-Name': 'Anna' }
    await fetched({ url: redirect.url, headers })
    expect(redirect.requests[1]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      cookie: 'a=secret',
    })
    expect(requests[0]?.headers).not.toHaveProperty('authorization')
    expect(requests[0]?.headers).not.toHaveProperty('cookie')
    expect(requests[0]?.headers).toMatchObject({ 'x-name': 'Anna', host: url.slice(7) })
  })

  it('five times, and not six', async () => {
    const { url, requests } = await givenHttpServer(({ url: path = '' }, response) => {
      const left = Number(path.slice(1))
      if (left === 0) response.end('arrived')
      else response.writeHead(302, { location: `/${left - 1}` }).end()
    })
    expect(await fetched({ url: `${url}/5` })).toMatchObject({ body: 'arrived' })
    requests.length = 0
    const error = await failureOf(fetched({ url: `${url}/6` }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/more than 5 times/)
    expect(requests).toHaveLength(6)
  })

  it('never when it does not say where to', async () => {
    const { url } = await givenHttpServer((_, response) => response.writeHead(302).end('lost'))
    expect(await fetched({ url })).toMatchObject({ status: 302, body: 'lost' })
  })
})

describe('fetch-url refuses a redirect', () => {
  it.each([
    ['to another loopback address', 'http://127.0.0.2/'],
    ['to a name of this machine', 'http://localhost/'],
    ['to another port', 'http://127.0.0.1:1/'],
    ['to a private address', 'http://10.0.0.1/'],
    ['to a metadata service', 'http://169.254.169.254/latest/meta-data/'],
    ['to an address in disguise', 'http://0x7f000002/'],
    ['to an IPv6 address', 'http://[::1]/'],
    ['to a file', 'file:///etc/passwd'],
    ['to another scheme', 'gopher://example.org/'],
    ['with a password', 'http://user:secret@127.0.0.1/'],
    ['to nonsense', 'http://'],
    ['to a URL of great length', `/${'a'.repeat(9000)}`],
  ])('%s, for good', async (_, location) => {
    const { url, port } = await givenRedirect(302, location)
    const fetchAllow = [{ host: '127.0.0.1', port }]
    const error = await failureOf(runHandler(fetchUrl, { url }, { fetchAllow }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/^url: /)
    expect(error.message).not.toContain('secret')
  })
})
