import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { maxValuesPerPush, PlainQueue } from '../../src/queue/plain-queue.js'
import { Connections } from '../../src/redis/connections.js'
import { recordingLog } from '../support/log.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const key = 'tq'
const values = () => redis.client.lrange(key, 0, -1)
let connections: Connections

beforeAll(async () => {
  connections = new Connections(redis.url, { log: recordingLog().log, fatal: () => undefined })
  await connections.ready(10_000)
})
afterAll(() => connections.close())

const givenQueue = (maxLength = 0) => new PlainQueue(connections.commands, { key, maxLength })

describe('push', () => {
  it('pushes onto the head, the first value first', async () => {
    const queue = givenQueue()
    expect(await queue.push(['a', 'b'])).toEqual({ outcome: 'pushed', length: 2 })
    expect(await queue.push(['c'])).toEqual({ outcome: 'pushed', length: 3 })
    expect(await values()).toEqual(['c', 'b', 'a'])
  })

  it('keeps every byte of a value', async () => {
    const odd = ['', ' ', '\u0000\r\n', '"{}"', 'ünïcode 💚', 'x'.repeat(1_000_000)]
    await givenQueue().push(odd)
    expect((await values()).reverse()).toEqual(odd)
  })

  it('pushes as many as it says in one go and in order', async () => {
    const many = Array.from({ length: maxValuesPerPush }, (_, index) => String(index))
    expect(await givenQueue().push(many)).toEqual({ outcome: 'pushed', length: maxValuesPerPush })
    expect((await values()).reverse()).toEqual(many)
  })

  it('fills the queue to the limit and pushes all or none', async () => {
    const queue = givenQueue(3)
    expect(await queue.push(['a', 'b'])).toEqual({ outcome: 'pushed', length: 2 })
    expect(await queue.push(['c', 'd'])).toEqual({ outcome: 'full', length: 2 })
    expect(await values()).toEqual(['b', 'a'])
    expect(await queue.push(['c'])).toEqual({ outcome: 'pushed', length: 3 })
    expect(await queue.push(['d'])).toEqual({ outcome: 'full', length: 3 })
  })

  it('never exceeds the limit, however many push at once', async () => {
    const queue = givenQueue(10)
    const results = await Promise.all(Array.from({ length: 50 }, () => queue.push(['x', 'y'])))
    expect(results.filter(({ outcome }) => outcome === 'pushed')).toHaveLength(5)
    expect(await redis.client.llen(key)).toBe(10)
  })

  it('pushes only onto an existing list if asked to', async () => {
    const queue = givenQueue()
    expect(await queue.push(['a'], { ifExists: true })).toEqual({ outcome: 'absent', length: 0 })
    expect(await redis.client.exists(key)).toBe(0)
    await redis.client.lpush(key, 'first')
    expect(await queue.push(['a'], { ifExists: true })).toEqual({ outcome: 'pushed', length: 2 })
  })

  it('answers each of those that are pushed together as if it were alone', async () => {
    const queue = givenQueue(4)
    const answers = await Promise.all([
      queue.push(['a'], { ifExists: true }),
      queue.push(['b', 'c']),
      queue.push(['d', 'e', 'f']),
      queue.push(['g'], { ifExists: true }),
      queue.push(['h']),
      queue.push(['i']),
    ])
    expect(answers).toEqual([
      { outcome: 'absent', length: 0 },
      { outcome: 'pushed', length: 2 },
      { outcome: 'full', length: 2 },
      { outcome: 'pushed', length: 3 },
      { outcome: 'pushed', length: 4 },
      { outcome: 'full', length: 4 },
    ])
    expect((await values()).reverse()).toEqual(['b', 'c', 'g', 'h'])
  })

  it('refuses a key that holds something else, and leaves it alone', async () => {
    await redis.client.set(key, 'a string')
    await expect(givenQueue().push(['a'])).rejects.toMatchObject({ code: 'WRONG_TYPE', key })
    expect(await redis.client.get(key)).toBe('a string')
  })

  it('says that Redis is not available where it refuses writes', async () => {
    await redis.client.config('SET', 'maxmemory', '1', 'maxmemory-policy', 'noeviction')
    try {
      await expect(givenQueue().push(['a'])).rejects.toMatchObject({
        code: 'REDIS_UNAVAILABLE',
        message: expect.stringContaining('OOM') as string,
      })
    } finally {
      await redis.client.config('SET', 'maxmemory', '0')
    }
    expect(await redis.client.exists(key)).toBe(0)
  })

  it('goes on when Redis has forgotten its scripts', async () => {
    const queue = givenQueue()
    await queue.push(['a'])
    await redis.client.script('FLUSH')
    expect(await queue.push(['b'])).toEqual({ outcome: 'pushed', length: 2 })
  })
})

describe('length', () => {
  it('is the number of values waiting', async () => {
    const queue = givenQueue()
    expect(await queue.length()).toBe(0)
    await redis.client.lpush(key, 'a', 'b')
    expect(await queue.length()).toBe(2)
  })

  it('is unknown where the key holds something else', async () => {
    await redis.client.set(key, 'a string')
    await expect(givenQueue().length()).rejects.toMatchObject({ code: 'WRONG_TYPE' })
  })
})
