import { describe, expect, it, onTestFinished } from 'vitest'
import { PlainReader, type PlainReaderOptions } from '../../src/queue/plain-reader.js'
import { Connections } from '../../src/redis/connections.js'
import { WrongTypeError } from '../../src/redis/errors.js'
import { recordingLog } from '../support/log.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const key = 'tq'

function givenReader(options: Partial<PlainReaderOptions> = {}) {
  const { log, lines } = recordingLog()
  const connections = new Connections(redis.url, {
    log,
    fatal: (error) => {
      throw error
    },
  })
  onTestFinished(() => connections.close())
  const blocking = connections.waiting()
  const control = connections.commands
  const reader = new PlainReader(blocking, control, { key, order: 'lifo', log, ...options })
  return { reader, lines, blocking, control }
}

const untilBlocked = (count = 1) =>
  expect
    .poll(() => redis.client.info('clients'), { timeout: 10_000, interval: 5 })
    .toContain(`blocked_clients:${count}\r`)

describe('PlainReader', () => {
  it('takes the newest value, or with fifo the oldest', async () => {
    await redis.client.lpush(key, 'a', 'b', 'c')
    expect(await givenReader().reader.take()).toBe('c')
    expect(await givenReader({ order: 'fifo' }).reader.take()).toBe('a')
  })

  it('returns null when nothing came in time', async () => {
    expect(await givenReader({ blockMs: 20 }).reader.take()).toBeNull()
  })

  it('gives an empty value as it is', async () => {
    await redis.client.lpush(key, '')
    expect(await givenReader().reader.take()).toBe('')
  })

  it('takes nothing more once it is released', async () => {
    const { reader } = givenReader()
    await reader.release()
    await redis.client.lpush(key, 'a')
    expect(await reader.take()).toBeNull()
    expect(await redis.client.llen(key)).toBe(1)
  })

  it('ends a blocked read when it is released, also twice', async () => {
    const { reader, blocking } = givenReader({ blockMs: 3_600_000 })
    const taking = reader.take()
    await untilBlocked()
    await Promise.all([reader.release(), reader.release()])
    await reader.release()
    expect(await taking).toBeNull()
    await expect.poll(() => blocking.status).toBe('end')
    await untilBlocked(0)
  })

  it('ends a read that has not reached Redis yet when it is released', async () => {
    const { reader } = givenReader({ blockMs: 3_600_000 })
    const taking = reader.take()
    await reader.release()
    expect(await taking).toBeNull()
    await redis.client.lpush(key, 'a')
    expect(await redis.client.llen(key)).toBe(1)
  })

  it('loses no value that is pushed in the moment of its release', async () => {
    const taken: boolean[] = []
    for (let round = 0; round < 160; round += 1) {
      await redis.client.del(key)
      const { reader, control } = givenReader()
      const taking = reader.take()
      await untilBlocked()
      const push = () => redis.client.lpush(key, 'a')
      const release = () => reader.release()
      const [first, second] = round % 2 === 0 ? [push, release] : [release, push]
      const doing = first()
      // From at the same time, by way of a little later, to one after the other.
      await (round < 10 ? doing : turns(round % 16))
      await Promise.all([doing, second()])
      const value = await taking
      const left = await redis.client.lrange(key, 0, -1)
      expect(value === null ? left : [value, ...left]).toEqual(['a'])
      taken.push(value !== null)
      control.disconnect()
    }
    expect(taken).toContain(true)
    expect(taken).toContain(false)
  })

  it('still delivers after its connection was cut while it was blocked', async () => {
    const { reader } = givenReader({ blockMs: 3_600_000 })
    const taking = reader.take()
    for (let cuts = 0; cuts < 3; cuts += 1) {
      await untilBlocked()
      await redis.cut('normal')
    }
    await untilBlocked()
    await redis.client.lpush(key, 'a')
    expect(await taking).toBe('a')
  })

  it('can be released after its connection was cut', async () => {
    const { reader } = givenReader({ blockMs: 3_600_000 })
    const taking = reader.take()
    await untilBlocked()
    await redis.cut('normal')
    await untilBlocked()
    await reader.release()
    expect(await taking).toBeNull()
    await untilBlocked(0)
  })

  it.each(['reconnecting', 'connecting'])('can be released while it is %s', async (status) => {
    const { reader, blocking } = givenReader({ blockMs: 3_600_000 })
    const taking = reader.take()
    await untilBlocked()
    const reached = new Promise((resolve) => blocking.once(status, resolve))
    await redis.kill()
    await reached
    await reader.release()
    expect(await taking).toBeNull()
  })

  it('throws while the key is not a list, and takes again when it is', async () => {
    const { reader } = givenReader()
    await redis.client.set(key, 'a string')
    await expect(reader.take()).rejects.toThrow(WrongTypeError)
    await redis.client.del(key)
    const taking = reader.take()
    await redis.client.lpush(key, 'a')
    expect(await taking).toBe('a')
  })

  it('says so and connects anew when Redis has not answered for too long, and loses nothing by it', async () => {
    const { reader, lines, blocking } = givenReader({ blockMs: 100 })
    const connectedAnew = new Promise((resolve) => blocking.once('reconnecting', resolve))
    expect(await reader.take()).toBeNull()
    const taking = reader.take()
    redis.freeze()
    onTestFinished(() => redis.thaw())
    await connectedAnew
    expect(lines.filter((line) => line.includes('a read is overdue'))).toHaveLength(1)
    redis.thaw()
    await taking
    await redis.client.lpush(key, 'a')
    await expect.poll(() => reader.take(), { timeout: 10_000 }).toBe('a')
  })
})

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate)
}
