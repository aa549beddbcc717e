import Memcached from 'memcached'
import { MemcacheClient } from 'memcache-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { givenMemcached } from '../support/memcached.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))

describe('memcached from npm', () => {
  it('is a producer and a consumer', async () => {
    const client = await givenNpmMemcached()
    const ask = <T>(send: (done: (error: Error | undefined, reply: T) => void) => void) =>
      new Promise<T>((resolve, reject) => send((error, reply) => (error ? reject(error) : resolve(reply))))
    expect(await ask((done) => client.set('work', bytes, 0, done))).toBe(true)
    expect(await ask((done) => client.set('json', { list: [1] }, 60, done))).toBe(true)
    expect(await ask((done) => client.get('work', done))).toEqual(bytes)
    expect(await ask((done) => client.get('work', done))).toBeUndefined()
    expect(await ask((done) => client.touch('work', 60, done as () => void))).toBe(true)
    expect(await ask((done) => client.del('work', done))).toBe(true)
    expect(await ask((done) => client.del('work', done))).toBe(false)
    expect(await ask((done) => client.getMulti(['none', 'json'], done))).toEqual({ json: { list: [1] } })
    expect(await ask((done) => client.version(done))).toMatchObject([{ version: '1.4.8' }])
    expect(await ask((done) => client.stats(done))).toMatchObject([{ queue_json_reserved: 1 }])
    await expect(ask((done) => client.add('work', 'x', 0, done))).rejects.toThrow(
      'only set puts into a queue',
    )
  })

  async function givenNpmMemcached(): Promise<Memcached> {
    const { port } = await givenMemcached(redis)
    // A reservation belongs to its connection: a consumer has one.
    const client = new Memcached(`127.0.0.1:${port}`, { poolSize: 1, retries: 0 })
    onTestFinished(() => client.end())
    return client
  }
})

describe('memcache-client from npm', () => {
  it('is a producer and a consumer', async () => {
    const { port } = await givenMemcached(redis)
    const client = new MemcacheClient({ server: { server: `127.0.0.1:${port}`, maxConnections: 1 } })
    onTestFinished(() => client.shutdown())
    expect(await client.set('work', bytes)).toEqual(['STORED'])
    expect(await client.set('json', { list: [1] }, { lifetime: 60 })).toEqual(['STORED'])
    expect(await client.set('json', 'quiet', { noreply: true })).toBeUndefined()
    expect(await client.get('work')).toMatchObject({ value: bytes })
    expect(await client.get('work')).toBeUndefined()
    expect(await client.touch('work', '60')).toEqual(['TOUCHED'])
    expect(await client.delete('work')).toEqual(['DELETED'])
    await expect(client.delete('work')).rejects.toThrow('NOT_FOUND')
    expect(await client.gets('json')).toMatchObject({ value: { list: [1] } })
    expect(await client.version()).toEqual(['VERSION', '1.4.8'])
  })
})
