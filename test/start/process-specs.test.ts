import { describe, expect, it } from 'vitest'
import { portsOf, toSpecs } from '../../src/start/process-specs.js'

const types = ['web', 'prodcons', 'pubsub', 'memcached'].map((name) => ({ name, command: `run ${name}` }))
const shared = { cwd: '/', redisUrl: 'redis://localhost', logFormat: 'json', port: 3000 }

/** One setting of each process, by the process' name. */
function each(
  setting: string,
  counts: Record<string, number>,
  given: { port?: number; memcachedPort?: number; workerName?: string },
) {
  const formation = new Map(types.map(({ name }) => [name, counts[name] ?? 0]))
  const specs = toSpecs(types, formation, { ...shared, ...given })
  return Object.fromEntries(specs.map(({ name, env }) => [name, env[setting]]))
}

describe('the names of workers', () => {
  it('are those of their processes', () => {
    expect(each('WORKER_NAME', { prodcons: 2, pubsub: 1 }, {})).toEqual({
      'prodcons.1': 'prodcons.1',
      'prodcons.2': 'prodcons.2',
      'pubsub.1': 'pubsub.1',
    })
  })

  it('are what WORKER_NAME says, with a number where there are several of a kind', () => {
    expect(each('WORKER_NAME', { prodcons: 1, pubsub: 2 }, { workerName: 'x' })).toEqual({
      'prodcons.1': 'x',
      'pubsub.1': 'x.1',
      'pubsub.2': 'x.2',
    })
  })

  it('stay as short as WORKER_NAME must be', () => {
    const names = each('WORKER_NAME', { pubsub: 999 }, { workerName: 'x'.repeat(100) })
    expect(names['pubsub.999']).toMatch(/^x+\.999$/)
    expect(names['pubsub.999']?.length).toBeLessThanOrEqual(100)
  })
})

describe('the ports', () => {
  it('are one after the other, and only of web processes', () => {
    expect(each('PORT', { web: 3, prodcons: 1 }, {})).toEqual({
      'web.1': '3000',
      'web.2': '3001',
      'web.3': '3002',
      'prodcons.1': undefined,
    })
  })

  it('of memcached servers too, if there is one for the first', () => {
    expect(each('MEMCACHED_PORT', { memcached: 2, web: 1 }, { memcachedPort: 11_211 })).toEqual({
      'memcached.1': '11211',
      'memcached.2': '11212',
      'web.1': undefined,
    })
    expect(each('MEMCACHED_PORT', { memcached: 1 }, {})).toEqual({ 'memcached.1': undefined })
  })

  it('are free ones for PORT=0', () => {
    expect(each('PORT', { web: 2 }, { port: 0 })).toEqual({ 'web.1': '0', 'web.2': '0' })
  })

  it('end at 65535', () => {
    const port = { setting: 'PORT', first: 65_535 }
    expect(portsOf('web', new Map([['web', 1]]), port)).toEqual([65_535])
    expect(() => portsOf('web', new Map([['web', 2]]), port)).toThrow(
      'PORT: 65535 leaves no ports for 2 web processes',
    )
  })
})
