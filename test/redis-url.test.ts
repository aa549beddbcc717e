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
  ])('%s is understood', (url, options, shown) => {
    expect(parseRedisUrl(url)).toEqual({ options, shown })
  })

  it.each([
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
  })
})
