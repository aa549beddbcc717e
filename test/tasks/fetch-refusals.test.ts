import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { type AllowedHost, parseAllowedHosts } from '../../src/allowed-hosts.js'
import { UnrecoverableError } from '../../src/handlers/task.js'
import { kindOf, reachableAddresses, resolveBySystem } from '../../workers/tasks/fetch/address-guard.js'
import { type FetchOptions, fetchSafely } from '../../workers/tasks/fetch/fetch-safely.js'
import { toRequest } from '../../workers/tasks/fetch/request.js'
import fetchUrl from '../../workers/tasks/fetch-url.js'
import { failureOf } from '../support/failure.js'
import { givenHttpServer, givenMirror } from '../support/http-server.js'
import { runHandler } from '../support/run-handler.js'

const resolvingTo = (...addresses: string[]) => {
  const asked: string[] = []
  const resolve = async (host: string): Promise<LookupAddress[]> => {
    asked.push(host)
    return addresses.map((address) => ({ address, family: isIP(address) }))
  }
  return { asked, resolve }
}

const fetchedWith = (url: string, options: Partial<FetchOptions>) =>
  fetchSafely(toRequest({ url }), {
    fetchAllow: [],
    resolve: resolveBySystem,
    signal: new AbortController().signal,
    timeLimitMs: 10_000,
    progress: () => undefined,
    ...options,
  })

const isReachable = (url: string, allow: string, addresses: string[] = []): Promise<boolean> => {
  const fetchAllow = parseAllowedHosts(allow) as AllowedHost[]
  const { resolve } = resolvingTo(...addresses)
  return reachableAddresses(new URL(url), { fetchAllow, resolve }).then(
    () => true,
    () => false,
  )
}

describe('fetch-url never reaches this machine', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '127.255.255.254',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0X7F.0.0.0x1',
    '0177.0.0.1',
    '017700000001',
    '127.0.0.1.',
    '１２７.０.０.１',
    '127。0。0。1',
    '%31%32%37.0.0.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    'localhost',
    'LOCALHOST',
    'localhost.',
  ])('as %s', async (host) => {
    const { port, requests } = await givenMirror()
    const error = await failureOf(runHandler(fetchUrl, { url: `http://${host}:${port}/` }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/^url: .* is a .* address, which FETCH_ALLOW does not name$/)
    expect(requests).toEqual([])
  })
})

describe('fetch-url takes an address for', () => {
  it.each([
    ['loopback', '127.0.0.1'],
    ['unspecified', '0.0.0.0'],
    ['unspecified', '0.1.2.3'],
    ['private', '10.0.0.1'],
    ['private', '172.16.0.1'],
    ['private', '172.31.255.255'],
    ['private', '192.168.1.1'],
    ['carrierGradeNat', '100.64.0.1'],
    ['linkLocal', '169.254.169.254'],
    ['multicast', '224.0.0.1'],
    ['multicast', '239.255.255.255'],
    ['broadcast', '255.255.255.255'],
    ['reserved', '240.0.0.1'],
    ['reserved', '192.0.2.1'],
    ['reserved', '198.18.0.1'],
    ['loopback', '::1'],
    ['unspecified', '::'],
    ['linkLocal', 'fe80::1'],
    ['linkLocal', 'fe80::1%eth0'],
    ['uniqueLocal', 'fd00::1'],
    ['uniqueLocal', 'fd00:ec2::254'],
    ['multicast', 'ff02::1'],
    ['ipv4Mapped', '::ffff:8.8.8.8'],
    ['reserved', '::808:808'],
    ['ipv4Mapped', '::8.8.8.8'],
    ['rfc6052', '64:ff9b::8.8.8.8'],
    ['rfc6052', '64:ff9b:1::1'],
    ['6to4', '2002:a00:1::'],
    ['teredo', '2001::1'],
    ['reserved', '2001:db8::1'],
    ['deprecatedSiteLocal', 'fec0::1'],
    ['reserved', '4000::1'],
    ['public', '8.8.8.8'],
    ['public', '172.32.0.1'],
    ['public', '100.128.0.1'],
    ['public', '2606:4700:4700::1111'],
    ['public', '2a00:1450:4001::200e'],
  ])('%s: %s', (kind, address) => {
    expect(kindOf(address)).toBe(kind)
  })
})

describe('fetch-url and names', () => {
  it.each([
    ['loopback', ['127.0.0.1']],
    ['loopback over IPv6', ['::1']],
    ['a private address', ['10.1.2.3']],
    ['a public address and a private one', ['8.8.8.8', '192.168.0.1']],
    ['an address on the link, with its zone', ['fe80::1%eth0']],
  ])('refuses one that resolves to %s, without telling which', async (_, addresses) => {
    const error = await failureOf(fetchedWith('http://inner.example/', resolvingTo(...addresses)))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/^url: inner\.example is a \w+ address, which FETCH_ALLOW does not name$/)
  })

  it('connects to the very address that was checked, and asks once', async () => {
    const { port, requests } = await givenMirror()
    const { resolve, asked } = resolvingTo('127.0.0.1')
    const fetchAllow = [{ host: '127.0.0.1' }]
    await fetchedWith(`http://rebinding.invalid:${port}/`, { resolve, fetchAllow })
    expect(asked).toEqual(['rebinding.invalid'])
    expect(requests.map(({ headers }) => headers.host)).toEqual([`rebinding.invalid:${port}`])
  })

  it('asks again at each redirect, and refuses what the name means by then', async () => {
    const { port, requests } = await givenHttpServer((_, response) => {
      response.writeHead(302, { location: '/again' }).end()
    })
    const answers = ['127.0.0.1', '127.0.0.2']
    const resolve = async () => [{ address: answers.shift() ?? '', family: 4 }]
    const fetchAllow = [{ host: '127.0.0.1' }]
    const error = await failureOf(fetchedWith(`http://rebinding.invalid:${port}/`, { resolve, fetchAllow }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(requests).toHaveLength(1)
  })

  it('fails, to be tried again, for one without an address', async () => {
    const error = await failureOf(fetchedWith('http://empty.example/', resolvingTo()))
    expect(error).not.toBeInstanceOf(UnrecoverableError)
    expect(error.message).toBe('GET http://empty.example/: empty.example has no address')
  })
})

describe('FETCH_ALLOW lets fetch-url reach', () => {
  it.each([
    ['an address', '127.0.0.1', 'http://127.0.0.1:81/', true],
    ['no other address', '127.0.0.1', 'http://127.0.0.2/', false],
    ['an address however it is written', '127.0.0.1', 'http://0x7f.1/', true],
    ['an address mapped into IPv6', '127.0.0.1', 'http://[::ffff:127.0.0.1]/', true],
    ['an IPv6 address however it is written', '0:0:0:0:0:0:0:1', 'http://[::1]/', true],
    ['a range', '10.0.0.0/8', 'http://10.255.0.1/', true],
    ['nothing beside a range', '10.0.0.0/8', 'http://11.0.0.1/', true],
    ['nothing private beside a range', '10.0.0.0/16', 'http://10.1.0.1/', false],
    ['a range of IPv6', 'fd00::/8', 'http://[fd12::1]/', true],
    ['no IPv4 address by a range of IPv6', '::/0', 'http://10.0.0.1/', false],
    ['a port', '127.0.0.1:81', 'http://127.0.0.1:81/', true],
    ['no other port', '127.0.0.1:81', 'http://127.0.0.1/', false],
    ["a scheme's own port", '127.0.0.1:443', 'https://127.0.0.1/', true],
    ["no other scheme's port", '127.0.0.1:443', 'http://127.0.0.1/', false],
    ['one of several', 'a,[::1]:81,127.0.0.1', 'http://[::1]:81/', true],
  ])('%s: %s for %s', async (_, allow, url, expected) => {
    expect(await isReachable(url, allow)).toBe(expected)
  })

  it.each([
    ['a name, whatever it means', 'inner.example', 'http://inner.example/', true],
    ['a name in capitals and with a dot at its end', 'Inner.Example', 'http://INNER.example./', true],
    ['a name by its address', '10.0.0.1', 'http://inner.example/', true],
    ['no other name', 'inner.example', 'http://other.example/', false],
    ['no name below a name', 'example', 'http://inner.example/', false],
    ['a name at a port', 'inner.example:81', 'http://inner.example:81/', true],
    ['no name at another port', 'inner.example:81', 'http://inner.example/', false],
  ])('%s: %s for %s', async (_, allow, url, expected) => {
    expect(await isReachable(url, allow, ['10.0.0.1'])).toBe(expected)
  })

  it('no name of which one address is not allowed', async () => {
    expect(await isReachable('http://a.example', '10.0.0.1', ['10.0.0.1', '10.0.0.2'])).toBe(false)
  })
})

describe('fetch-url gives up, to be tried again,', () => {
  it.each([
    ['a server that does not answer', () => undefined],
    [
      'a body that does not end',
      (_: unknown, response: { write: (text: string) => boolean }) => void response.write('a'),
    ],
  ])('on %s when its time is up', async (_, answer) => {
    const { url } = await givenHttpServer(answer)
    const error = await failureOf(fetchedWith(url, { fetchAllow: [{ host: '127.0.0.1' }], timeLimitMs: 100 }))
    expect(error).not.toBeInstanceOf(UnrecoverableError)
    expect(error.message).toBe('no answer within 0.1 s')
  })

  it('on a name that does not resolve when its time is up', async () => {
    const resolve = () => new Promise<never>(() => undefined)
    const running = fetchedWith('http://slow.example', { resolve, timeLimitMs: 100 })
    await expect(running).rejects.toThrow('no answer within 0.1 s')
  })

  it('on a body that drips, however steadily', async () => {
    const { url } = await givenHttpServer((_, response) => {
      const dripping = setInterval(() => response.write('.'), 10)
      response.on('close', () => clearInterval(dripping))
    })
    const running = fetchedWith(url, { fetchAllow: [{ host: '127.0.0.1' }], timeLimitMs: 200 })
    await expect(running).rejects.toThrow('no answer within 0.2 s')
  })
})

describe('fetch-url refuses the input', () => {
  it.each([
    ['without a URL', {}, /^data: expected .*url/],
    ['with a relative URL', { url: '/path' }, /^data\.url: expected to be an http or https URL/],
    ['with another scheme', { url: 'file:///etc/passwd' }, /^data\.url: expected to be an http or https URL/],
    ['with a password', { url: 'http://a:secret@example.org' }, /^data\.url: .*authorization header/],
    ['with a URL too long', { url: `http://example.org/${'a'.repeat(9000)}` }, /^data\.url: .*8192/],
    ['with a strange method', { method: 'CONNECT' }, /^data\.method: /],
    ['with a body of a GET', { method: 'get', body: 'a' }, /^data: expected to have no body/],
    ['with a body that is a number', { body: 7 }, /^data\.body: /],
    ['with a delay below nothing', { delay: -1 }, /^data\.delay: /],
    ['with a delay of days', { delay: 90_000 }, /^data\.delay: /],
    ['with a delay in words', { delay: '5s' }, /^data\.delay: /],
    ['with a field unheard of', { header: {} }, /^data/],
    ['with a header of two lines', { headers: { a: 'b\r\nc: d' } }, /^data\.headers\.a: /],
    ['with a header beyond Latin-1', { headers: { a: '€' } }, /^data\.headers\.a: /],
    ['with a header that is a number', { headers: { a: 1 } }, /^data\.headers\.a: /],
    ['with a header whose name is none', { headers: { 'a b': 'c' } }, /^data\.headers: .*"a b"/],
    ['with a header without a name', { headers: { '': 'c' } }, /^data\.headers: /],
    [
      'with too many headers',
      { headers: Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`x-${index}`, ''])) },
      /^data\.headers: .*50/,
    ],
  ])('%s', async (_, input, message) => {
    const url = 'url' in input || Object.keys(input).length === 0 ? {} : { url: 'http://example.org' }
    const error = await failureOf(runHandler(fetchUrl, { ...url, ...input }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('secret')
  })

  it.each([
    'Host',
    'content-length',
    'Transfer-Encoding',
    'connection',
    'Upgrade',
    'TE',
    'Expect',
    'Trailer',
  ])('with the header %s', async (name) => {
    const input = { url: 'http://example.org', headers: { [name]: '1', 'x-fine': '1' } }
    await expect(runHandler(fetchUrl, input)).rejects.toThrow(
      `data.headers: expected to have other names than "${name}"`,
    )
  })
})
