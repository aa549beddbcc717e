import { describe, expect, it } from 'vitest'
import { ConfigError, loadConfig, loadServiceConfig } from '../src/config.js'
import { isLoopback } from '../src/loopback.js'
import { settings } from '../src/settings.js'

type Env = Record<string, string>

function mistakesIn(env: Env, load: (env: Env) => unknown = loadConfig): string[] {
  try {
    load(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}

describe('the settings', () => {
  it('have defaults', () => {
    expect(loadConfig({})).toMatchObject({
      port: 3000,
      host: '127.0.0.1',
      redisUrl: undefined,
      queue: 'task:prodcons:queue',
      channel: 'task:pubsub:channel',
      order: 'lifo',
      workTimeMs: 0,
      fetchAllow: [],
      maxLength: 1_000_000,
      workerName: undefined,
      authToken: undefined,
      allowAnonymous: false,
      bodyLimit: 256 * 1024,
      shutdownGraceMs: 25_000,
      redisServer: 'redis-server',
      dataDir: 'data',
      logLevel: 'info',
      logFormat: 'auto',
    })
  })

  it('are read from the environment, units and all', () => {
    const env = {
      PORT: '8080',
      HOST: '::1',
      REDIS_URL: 'rediss://user:secret@redis.example:6380/2',
      QUEUE: 'tq',
      CHANNEL: 'tc',
      ORDER: 'fifo',
      CONCURRENCY: '8',
      WORK_TIME: '1500ms',
      FETCH_ALLOW: 'localhost:8080,10.0.0.0/8',
      MAX_LENGTH: '0',
      WORKER_NAME: 'anna-1',
      AUTH_TOKEN: 'sesame-open-42',
      ALLOW_ANONYMOUS: '1',
      BODY_LIMIT: '1MiB',
      SHUTDOWN_GRACE: '2m',
      REDIS_SERVER: '/opt/a folder/valkey-server',
      DATA_DIR: '/var/lib/a folder',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
    }
    expect(Object.keys(settings.properties)).toEqual(expect.arrayContaining(Object.keys(env)))
    expect(loadConfig(env)).toMatchObject({
      port: 8080,
      host: '::1',
      redisUrl: 'rediss://user:secret@redis.example:6380/2',
      queue: 'tq',
      channel: 'tc',
      order: 'fifo',
      concurrency: 8,
      workTimeMs: 1500,
      fetchAllow: [
        { host: 'localhost', port: 8080 },
        { host: '10.0.0.0', prefix: 8 },
      ],
      maxLength: 0,
      workerName: 'anna-1',
      authToken: 'sesame-open-42',
      allowAnonymous: true,
      bodyLimit: 1024 * 1024,
      shutdownGraceMs: 120_000,
      redisServer: '/opt/a folder/valkey-server',
      dataDir: '/var/lib/a folder',
      logLevel: 'debug',
      logFormat: 'json',
    })
  })

  it('take an empty variable for one that is not set', () => {
    const empty = Object.fromEntries(Object.keys(settings.properties).map((name) => [name, ' ']))
    expect(loadConfig(empty)).toEqual(loadConfig({}))
  })

  it('pay no heed to other variables', () => {
    expect(loadConfig({ PATH: '/bin', Port: '1' })).toEqual(loadConfig({}))
  })

  it('cannot be changed afterwards', () => {
    expect(loadConfig({})).toSatisfy(Object.isFrozen)
    expect(loadServiceConfig({ REDIS_URL: 'redis://localhost' })).toSatisfy(Object.isFrozen)
  })

  it.each([
    ['1', true],
    ['true', true],
    ['0', false],
    ['false', false],
  ])('read ALLOW_ANONYMOUS=%s as %s', (text, expected) => {
    expect(loadConfig({ ALLOW_ANONYMOUS: text }).allowAnonymous).toBe(expected)
  })
})

describe('wrong settings', () => {
  it('are all told at once, a line each', () => {
    const error = new ConfigError(
      mistakesIn({ PORT: '99999', ORDER: 'random', CONCURRENCY: '0', BODY_LIMIT: '1 GB', LOG_LEVEL: 'loud' }),
    )
    expect(error.message.split('\n')).toEqual([
      'PORT: expected an integer from 0 to 65535, got 99999',
      'ORDER: expected lifo or fifo, got "random"',
      'CONCURRENCY: expected an integer from 1 to 1000, got 0',
      'BODY_LIMIT: expected a size such as 65536, 256KiB, 1MiB, from 1B to 256MiB, got "1 GB"',
      'LOG_LEVEL: expected fatal, error, warn, info, debug, trace or silent, got "loud"',
    ])
  })

  it.each([
    ['PORT', 'http'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '0x50'],
    ['PORT', '1e3'],
    ['PORT', '99999999999999999999'],
    ['HOST', 'a b'],
    ['HOST', 'http://localhost'],
    ['REDIS_URL', 'localhost:6379'],
    ['REDIS_URL', 'http://localhost'],
    ['QUEUE', 'a b'],
    ['QUEUE', '{x}'],
    ['CHANNEL', 'x'.repeat(201)],
    ['CHANNEL', 'task:results'],
    ['ORDER', 'FIFO'],
    ['CONCURRENCY', '1001'],
    ['WORK_TIME', '1 s'],
    ['WORK_TIME', '-1s'],
    ['WORK_TIME', '1.5s'],
    ['WORK_TIME', '1w'],
    ['WORK_TIME', '25d'],
    ['IDEMPOTENCY_TTL', '0s'],
    ['IDEMPOTENCY_TTL', '999ms'],
    ['DEAD_TTL', '0'],
    ['MAX_LENGTH', '-1'],
    ['FETCH_ALLOW', 'http://localhost'],
    ['FETCH_ALLOW', '10.0.0.0/33'],
    ['WORKER_NAME', 'a/b'],
    ['WORKER_NAME', 'x'.repeat(101)],
    ['AUTH_TOKEN', 'short'],
    ['AUTH_TOKEN', 'with a space'],
    ['ALLOW_ANONYMOUS', 'yes'],
    ['BODY_LIMIT', '256KB'],
    ['BODY_LIMIT', '0'],
    ['BODY_LIMIT', '1GiB'],
    ['SHUTDOWN_GRACE', 'soon'],
    ['SHUTDOWN_GRACE', '999999999999d'],
    ['RESULT_TTL', '999999999999d'],
    ['LOG_LEVEL', 'INFO'],
    ['LOG_FORMAT', 'xml'],
  ])('are refused by their name: %s=%s', (name, value) => {
    expect(mistakesIn({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: expected `))])
  })

  it('are none at the ends of what is allowed', () => {
    expect(mistakesIn({ BODY_LIMIT: '1', MAX_BYTES: '0', WORK_TIME: '24d', SHUTDOWN_GRACE: '24d' })).toEqual(
      [],
    )
  })

  it('never repeat a secret', () => {
    const mistakes = mistakesIn({ AUTH_TOKEN: 'my secret', REDIS_URL: 'http://user:my%20secret@host' })
    expect(mistakes).toHaveLength(2)
    expect(mistakes.join('\n')).not.toMatch(/my.*secret/)
  })

  it('stay on one line whatever they hold', () => {
    expect(mistakesIn({ ORDER: 'a\nb' })).toEqual(['ORDER: expected lifo or fifo, got "a\\nb"'])
  })
})

describe('HOST', () => {
  it.each(['0.0.0.0', '::', '192.168.0.7', 'servery.example'])('%s needs a token or a yes', (host) => {
    expect(mistakesIn({ HOST: host })).toEqual([
      `HOST: ${host} can be reached from other machines; set AUTH_TOKEN, or ALLOW_ANONYMOUS=1 to let anyone in`,
    ])
    expect(mistakesIn({ HOST: host, ALLOW_ANONYMOUS: '0' })).toHaveLength(1)
    expect(mistakesIn({ HOST: host, AUTH_TOKEN: 'sesame-open-42' })).toEqual([])
    expect(mistakesIn({ HOST: host, ALLOW_ANONYMOUS: '1' })).toEqual([])
  })

  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('%s needs neither', (host) => {
    expect(isLoopback(host)).toBe(true)
    expect(mistakesIn({ HOST: host })).toEqual([])
  })

  it.each(['127.evil.example', 'localhost.evil.example', '1127.0.0.1', '127.0.0.1.evil.example', ''])(
    'is not taken in by %s',
    (host) => expect(isLoopback(host)).toBe(false),
  )
})

describe('a process other than npm start', () => {
  it('needs REDIS_URL, and says so along with the rest', () => {
    expect(mistakesIn({ PORT: 'x' }, loadServiceConfig)).toEqual([
      expect.stringMatching(/^PORT: /),
      expect.stringMatching(/^REDIS_URL: expected redis:\/\/.*only npm start runs a Redis of its own$/),
    ])
  })

  it('has a name of its own where none is given', () => {
    const env = { REDIS_URL: 'redis://localhost' }
    expect(loadServiceConfig(env).workerName).toMatch(/^[A-Za-z0-9._-]+-\d+$/)
    expect(loadServiceConfig({ ...env, WORKER_NAME: 'anna' }).workerName).toBe('anna')
  })
})
