import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Request } from '../../src/memcached/request.js'
import { RequestParser } from '../../src/memcached/request-parser.js'

const maxBytes = 100

/** What a parser makes of these chunks. */
function parse(...chunks: (string | Buffer)[]): Request[] {
  const parser = new RequestParser(maxBytes)
  return chunks.flatMap((chunk) => [...parser.push(Buffer.from(chunk as string, 'latin1'))])
}

const refused = (reply: string, quiet = false) => ({ kind: 'refused', reply, quiet })
const badFormat = 'CLIENT_ERROR bad command line format'
const badChunk = 'CLIENT_ERROR bad data chunk'

describe('a request', () => {
  it.each<[string, object]>([
    ['get a', { kind: 'get', keys: ['a'], onlyFirst: false, quiet: false }],
    ['get a b  c ', { kind: 'get', keys: ['a', 'b', 'c'], onlyFirst: false, quiet: false }],
    ['gets a b', { kind: 'get', keys: ['a', 'b'], onlyFirst: true, quiet: false }],
    ['get noreply', { kind: 'get', keys: ['noreply'], onlyFirst: false, quiet: false }],
    ['delete a', { kind: 'delete', key: 'a', quiet: false }],
    ['delete a 0 noreply', { kind: 'delete', key: 'a', quiet: true }],
    ['touch a -1', { kind: 'touch', key: 'a', exptime: -1, quiet: false }],
    ['stats', { kind: 'stats', topic: undefined, quiet: false }],
    ['stats items', { kind: 'stats', topic: 'items', quiet: false }],
    ['version', { kind: 'version', quiet: false }],
    ['quit', { kind: 'quit', quiet: false }],
  ])('is read from its line: %s', (line, request) => {
    expect(parse(`${line}\r\n`)).toEqual([request])
    expect(parse(`${line}\n`)).toEqual([request])
  })

  it('that stores comes with its data, whatever bytes they are', () => {
    const data = Buffer.from('\r\n\0\xff get\r\n', 'latin1')
    const request = { kind: 'set', key: 'a', flags: 7, exptime: 60, data, quiet: true }
    expect(
      parse(Buffer.concat([Buffer.from('set a 7 60 10 noreply\r\n'), data, Buffer.from('\r\n')])),
    ).toEqual([request])
  })

  it('that stores nothing stores nothing', () => {
    expect(parse('set a 0 0 0\r\n\r\n')).toMatchObject([{ kind: 'set', data: Buffer.alloc(0) }])
  })
})

describe('a request that is wrong', () => {
  it.each([
    ['', refused('ERROR')],
    ['nonsense', refused('ERROR')],
    ['constructor', refused('ERROR')],
    ['GET a', refused('ERROR')],
    ['get', refused('ERROR')],
    ['version noreply', refused('ERROR')],
    ['quit now', refused('ERROR')],
    [`get ${'k'.repeat(251)}`, refused(badFormat)],
    ['get a\0b', refused(badFormat)],
    ['set a', refused(badFormat)],
    ['set a 0 0 -1', refused(badFormat)],
    ['set a 0 0 x noreply', refused(badFormat, true)],
    ['set a 0 0 4294967296', refused(badFormat)],
    ['delete', refused(badFormat)],
    ['delete a 5', refused(badFormat)],
    ['touch a', refused(badFormat)],
    ['touch a soon', refused(badFormat)],
    ['incr a 1', refused('ERROR')],
    ['flush_all', refused('ERROR')],
  ])('is refused with a line: %s', (line, request) => {
    expect(parse(`${line}\r\nversion\r\n`)).toEqual([request, { kind: 'version', quiet: false }])
  })

  it.each([
    ['set a x 0 3', refused(badFormat)],
    ['set a 4294967296 0 3', refused(badFormat)],
    ['set a 0 1.5 3', refused(badFormat)],
    ['set a 0 0 3 4 5', refused(badFormat)],
    ['set a 0 0 101', refused('SERVER_ERROR object too large for cache')],
    ['add a 0 0 3', refused('CLIENT_ERROR only set puts into a queue')],
    ['cas a 0 0 3 17 noreply', refused('CLIENT_ERROR only set puts into a queue', true)],
  ])('is refused, and its data passed over: %s', (line, request) => {
    const length = Number(line.split(' ')[4])
    expect(parse(`${line}\r\n${'v'.repeat(length)}\r\nversion\r\n`)).toEqual([
      request,
      { kind: 'version', quiet: false },
    ])
  })

  it.each(['set a 0 0 2\r\nabcdef\r\n', 'set a 0 0 2\r\nab\rx\r\n', 'set a 0 0 2\r\nab\r\r\n'])(
    'is refused when its data are longer than said: %j',
    (text) => {
      expect(parse(`${text}version\r\n`)).toEqual([refused(badChunk), { kind: 'version', quiet: false }])
    },
  )

  it('is refused when its line is longer than any', () => {
    expect(parse(`get ${'a '.repeat(20_000)}\r\nversion\r\n`)).toEqual([
      refused('CLIENT_ERROR line too long'),
      { kind: 'version', quiet: false },
    ])
  })

  it.each(['POST / HTTP/1.1\r\n', 'host: localhost\r\n', '\x80\x0b', '\x16\x03\x01'])(
    'is the last that is read when it is of another protocol: %j',
    (text) => {
      expect(parse(`${text}set a 0 0 1\r\n`, 'x\r\nversion\r\n')).toEqual([{ kind: 'foreign', quiet: false }])
    },
  )
})

describe('a parser', () => {
  it('makes the same of a stream however it is cut into chunks', () => {
    fc.assert(
      fc.property(streams, cuts, (stream, at) => {
        const positions = [...new Set(at.map((each) => each % (stream.length + 1)))].sort((a, b) => a - b)
        const chunks = [0, ...positions].map((from, index) => stream.subarray(from, positions[index]))
        expect(parse(...chunks)).toEqual(parse(stream))
      }),
      { numRuns: 1000 },
    )
  })

  it('knows whether a request is on its way', () => {
    const parser = new RequestParser(maxBytes)
    const isMidwayAfter = (text: string) => {
      expect([...parser.push(Buffer.from(text))].length).toBeLessThan(2)
      return parser.isMidway
    }
    expect(parser.isMidway).toBe(false)
    expect(isMidwayAfter('set a 0 0 ')).toBe(true)
    expect(isMidwayAfter('2\r\n')).toBe(true)
    expect(isMidwayAfter('xy\r')).toBe(true)
    expect(isMidwayAfter('\n')).toBe(false)
  })
})

const key = fc.stringMatching(/^[a-z:]{1,5}$/)
const bytes = fc.uint8Array({ maxLength: 120 }).map((array) => Buffer.from(array))
const lineEnd = fc.constantFrom('\r\n', '\n')
const goodLines = fc.constantFrom(
  'get a b',
  'gets a',
  'delete a noreply',
  'touch a 5',
  'stats',
  'version',
  'quit',
)
const pieces = fc.oneof(
  fc.tuple(goodLines, lineEnd).map(([line, end]) => Buffer.from(line + end)),
  fc
    .tuple(fc.constantFrom('set', 'set', 'add'), key, bytes, fc.integer({ min: -1, max: 1 }), lineEnd)
    .map(([command, name, data, off, end]) =>
      Buffer.concat([
        Buffer.from(`${command} ${name} 1 0 ${data.length + off}${end}`),
        data,
        Buffer.from(end),
      ]),
    ),
  fc.string({ maxLength: 40 }).map((text) => Buffer.from(`${text}\n`)),
  bytes,
  fc.constant(Buffer.from(`get ${'k '.repeat(17_000)}\n`)),
)
const streams = fc.array(pieces, { maxLength: 12 }).map((parts) => Buffer.concat(parts))
const cuts = fc.array(fc.nat(), { maxLength: 40 })
