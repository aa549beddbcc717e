import { describe, expect, it } from 'vitest'
import { parseRedisUrl } from '../src/redis-url.js'

describe('a Redis URL', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, db: 0 }, 'redis://localhost'],
    ['redis://10.0.0.1:7000/3', { host: '10.0.0.1', port: 7000, db: 3 }, 'redis://10.0.0.1:7000/3'],
    ['redis://:p%40ss@host/', { host: 'host', port: 6379, db: 0, password: 'p@ss' }, 'redis://host/'],
    [
      'redis://user:pass@host:1/2',
      { host: 'host', port: 1, db: 2, username: 'user', password: 'pass' },
      'redis://host:1/2',
    ],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }, 'redis://[::1]:7000'],
    [
      'rediss://redis.example',
      { host: 'redis.example', port: 6379, db: 0, tls: { servername: 'redis.example' } },
      'rediss://redis.example',
    ],
    ['rediss://10.0.0.1', { host: '10.0.0.1', port: 6379, db: 0, tls: {} }, 'rediss://10.0.0.1'],
    ['rediss://[::1]', { host: '::1', port: 6379, db: 0, tls: {} }, 'rediss://[::1]'],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', db: 0 }, 'unix:///run/redis.sock'],
    ['unix:///a%20b/redis.sock?db=4', { path: '/a b/redis.sock', db: 4 }, 'unix:///a b/redis.sock'],
    ['redis://:p,w@host', { host: 'host', port: 6379, db: 0, password: 'p,w' }, 'redis://host'],
    [
      'redis+sentinel://user:p%40ss@a:1,[::1],c/main/2?sentinelPassword=s',
      {
        sentinels: [
          { host: 'a', port: 1 },
          { host: '::1', port: 26379 },
          { host: 'c', port: 26379 },
        ],
        ...{ name: 'main', db: 2, username: 'user', password: 'p@ss', sentinelPassword: 's' },
      },
      'redis+sentinel://a:1,[::1],c/main',
    ],
    [
      'rediss+sentinel://a/main',
      {
        sentinels: [{ host: 'a', port: 26379 }],
        ...{ name: 'main', db: 0, tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
      },
      'rediss+sentinel://a/main',
    ],
  ])('%s is understood', (url, options, shown) => {
    expect(parseRedisUrl(url)).toEqual({ options, shown })
  })

  it.each([
    [
      'redis://a:1,redis://b',
      {},
      [
        { host: 'a', port: 1 },
        { host: 'b', port: 6379 },
      ],
      'redis://a:1,redis://b',
    ],
    [
      'rediss://user:pa,ss@a,rediss://user:pa,ss@[::1]:7000',
      { username: 'user', password: 'pa,ss', tls: {} },
      [
        { host: 'a', port: 6379 },
        { host: '::1', port: 7000 },
      ],
      'rediss://a,rediss://[::1]:7000',
    ],
    ['redis://only-one,', {}, [{ host: 'only-one', port: 6379 }], 'redis://only-one'],
  ])('%s is understood as a Cluster', (url, options, nodes, shown) => {
    expect(parseRedisUrl(url)).toEqual({ options, nodes, shown })
  })

  it.each([
    'redis://a,rediss://b',
    'redis://:x@a,redis://:y@b',
    'redis://a/1,redis://b/1',
    'redis://a,redis://',
    'redis+sentinel://a',
    'redis+sentinel:///main',
    'redis+sentinel://a,b:x/main',
    'redis+sentinel://a/main/x',
    '',
    'localhost:6379',
    'http://localhost',
    'redis://',
    'redis:///0',
    'redis://host/name',
    'redis://host/1/2',
    'redis://host:99999',
    'unix://relative.sock',
    'unix:///redis.sock?db=x',
    'redis://user:p%ss@host',
    'unix:///%zz',
  ])('%j is refused with what was expected', (url) => {
    expect(() => parseRedisUrl(url)).toThrow(TypeError)
    expect(() => parseRedisUrl(url)).toThrow('redis://[[user]:password@]host[:port][/db]')
  })

  it('is never repeated in a message, for it may hold a password', () => {
    expect(() => parseRedisUrl('redis://user:secret@host/x')).not.toThrow(/secret/)
    expect(parseRedisUrl('redis://user:secret@host/1').shown).not.toMatch(/user|secret/)
    const sentinels = parseRedisUrl('redis+sentinel://user:secret@host/main?sentinelPassword=secret')
    expect(sentinels.shown).not.toMatch(/user|secret/)
    expect(parseRedisUrl('redis://user:secret@a,redis://user:secret@b').shown).not.toMatch(/user|secret/)
  })
})
