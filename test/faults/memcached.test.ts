import { describe, expect, it } from 'vitest'
import { taskList } from '../../src/queue/names.js'
import { givenClient, givenMemcached, givenMemcachedProcess } from '../support/memcached.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, untilIdle } from '../support/tasks.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis('always')

describe('a memcached server that is killed', () => {
  it('gives back what its clients held, when it is started again', async () => {
    const { process, port } = await givenMemcachedProcess(redis)
    const ann = await givenClient(port)
    for (const value of ['one', 'two']) await ann.set('work', value)
    expect(await ann.get('work')).toBe('one')
    process.signal('SIGKILL')
    await process.exit()

    const again = await givenMemcachedProcess(redis)
    const [bob, cyd] = [await givenClient(again.port), await givenClient(again.port)]
    expect(await bob.get('work')).toBe('two')
    await eventually(async () => expect(await cyd.get('work')).toBe('one'), 40_000)
    expect(await cyd.ask('delete work')).toBe('DELETED')
  })

  it('gives it back with the help of a web process, if it is not', async () => {
    const tasks = await givenTasks(redis, 'work')
    const id = await tasks.enqueue('echo', {}, { options: { a: 1 } })
    const { process, port } = await givenMemcachedProcess(redis)
    const ann = await givenClient(port)
    expect(await ann.get('work')).toBe('{}')
    process.signal('SIGKILL')
    await process.exit()
    await givenWeb(redis)
    expect(await tasks.untilState(id, 'waiting', 40_000)).toMatchObject({ attempt: 0, attempts: [] })
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
  })
})

describe('a Redis that is killed', () => {
  it('loses neither what waits nor what is held, and clients go on with the connections they have', async () => {
    const { client } = await givenMemcached(redis)
    const [ann, bob] = [await client(), await client()]
    const values = Array.from({ length: 50 }, (_, index) => `v${index}`)
    for (const value of values) await ann.set('work', value)
    expect(await ann.get('work')).toBe('v0')
    await redis.kill()
    expect(await bob.set('work', 'x')).toMatch(/^SERVER_ERROR Redis is out of reach/)
    expect(await bob.ask('get work')).toMatch(/^SERVER_ERROR Redis is out of reach/)
    expect(await ann.ask('delete work')).toMatch(/^SERVER_ERROR Redis is out of reach/)

    await redis.start()
    const taken: string[] = []
    await eventually(async () => expect(await ann.ask('delete work')).toBe('DELETED'))
    while (taken.length < 49) {
      const value = await bob.get('work')
      if (value !== undefined) taken.push(value)
      expect(await bob.ask('delete work')).toBe('DELETED')
    }
    expect(taken).toEqual(values.slice(1))
    expect(await bob.ask('get work')).toBe('END')
  })

  it('gets back what clients held that went while it was away', async () => {
    const { client } = await givenMemcached(redis)
    const [ann, bob] = [await client(), await client()]
    await ann.set('work', 'one')
    await ann.get('work')
    await redis.kill()
    ann.close()
    await ann.ended()
    await redis.start()
    await eventually(async () => expect(await bob.get('work')).toBe('one'))
  })
})

describe('a client that never reads', () => {
  it('is not read from either, and holds nobody up', async () => {
    const { client } = await givenMemcached(redis)
    const [deaf, ann] = [await client(), await client()]
    const large = Buffer.alloc(1024 * 1024, 'x')
    const keys = Array.from({ length: 30 }, (_, index) => `q${index}`)
    for (const key of keys) await ann.set(key, large)
    deaf.socket.pause()
    deaf.send(...keys.map((key) => `get ${key}`))
    await eventually(async () => expect(await redis.client.llen(taskList('q0'))).toBe(0))
    // What the kernel does not take for it stays in Redis.
    expect(await ann.ask('get q29 q28')).toMatch(/^VALUE q29 [^]*VALUE q28 /)
    deaf.close()
    await eventually(async () => expect(await ann.ask(`get ${keys[0]}`)).toMatch(/^VALUE q0 /))
  })
})

describe('a thousand clients at once', () => {
  it('produce and consume over one connection to Redis', async () => {
    const { process, port } = await givenMemcachedProcess(redis)
    const clients = await Promise.all(Array.from({ length: 1000 }, () => givenClient(port)))
    const stored = await Promise.all(clients.map((client, index) => client.set('work', `v${index}`)))
    expect(new Set(stored)).toEqual(new Set(['STORED']))
    const values = await Promise.all(clients.map((client) => client.get('work')))
    expect(new Set(values).size).toBe(1000)

    const connections = (await redis.client.call('CLIENT', 'LIST', 'TYPE', 'normal')) as string
    expect(connections.trim().split('\n')).toHaveLength(2)
    const tasks = await givenTasks(redis, 'work')
    for (const client of clients.slice(500)) client.close()
    const deleted = await Promise.all(clients.slice(0, 500).map((client) => client.ask('delete work')))
    expect(new Set(deleted)).toEqual(new Set(['DELETED']))
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ waiting: 500, active: 0 }))

    process.signal('SIGTERM')
    expect(await process.exit()).toBe(0)
    expect(await tasks.audit()).toMatchObject({ accepted: 1000, done: 500, waiting: 500, difference: 0 })
  })
})

describe('a memcached process', () => {
  it('without MEMCACHED_PORT is idle, says so, and stops in order', async () => {
    const process = givenProcess('src/memcached.js', { REDIS_URL: redis.url, LOG_FORMAT: 'json' })
    await process.line(/idle: set MEMCACHED_PORT/)
    process.signal('SIGTERM')
    expect(await process.exit()).toBe(0)
  })

  it('says that its port is in use, and exits with 1', async () => {
    const { port } = await givenMemcached(redis)
    const process = givenProcess('src/memcached.js', { REDIS_URL: redis.url, MEMCACHED_PORT: String(port) })
    expect(await process.exit()).toBe(1)
    expect(process.lines.join('\n')).toMatch(/EADDRINUSE.*could not start/)
  })

  it('refuses to listen for other machines without a password', async () => {
    const env = { REDIS_URL: redis.url, MEMCACHED_PORT: '0', HOST: '0.0.0.0' }
    const process = givenProcess('src/memcached.js', env)
    expect(await process.exit()).toBe(1)
    expect(process.errors).toEqual([expect.stringMatching(/^HOST: .*set AUTH_TOKEN/)])
  })
})

describe('a worker', () => {
  it('runs what a memcached client set, byte for byte, though it is no text', async () => {
    const tasks = await givenTasks(redis, 'work')
    await givenWorkers(tasks, 1, { RAW_HANDLERS: 'work=raw-bytes' })
    const { client } = await givenMemcached(redis)
    const ann = await client()
    await ann.set('work', Buffer.from([0xff, 0x00, 0x0a]))
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 1 }))
    const results = await redis.client.keys('*:task:*')
    expect((await redis.client.hvals(results[0] as string))[0]).toContain('"hex":"ff000a"')
  })

  it('that is idle runs what a foreign client pushes, though it is no text', async () => {
    const tasks = await givenTasks(redis, 'work')
    await givenWorkers(tasks, 1, { RAW_HANDLERS: 'work=raw-bytes' })
    await untilIdle(tasks, 1)
    await redis.client.lpush(taskList('work'), Buffer.from([0xff, 0xfe]))
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 1, active: 0 }))
    expect(await tasks.audit()).toMatchObject({ accepted: 1, held: 0, difference: 0 })
  })
})
