import { describe, expect, it } from 'vitest'
import { queueKey } from '../support/app.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const consumers = `{${queueKey}}:consumers`

function givenWorker(name: string, env: Record<string, string> = {}) {
  return givenProcess('workers/prodcons.js', {
    REDIS_URL: redis.url,
    DELIVERY: 'at-least-once',
    WORKER_NAME: name,
    LOG_LEVEL: 'debug',
    ...env,
  })
}

const waiting = () => redis.client.lrange(queueKey, 0, -1)
const held = async () => {
  const names = await redis.client.zrange(consumers, '0', '-1')
  const lists = await Promise.all(
    names.map((name) => redis.client.lrange(`{${queueKey}}:held:${name}`, 0, -1)),
  )
  return lists.flat()
}

describe('a prodcons worker with DELIVERY=at-least-once', () => {
  it('holds a value while it works on it, and no longer', async () => {
    const worker = givenWorker('w', { WORK_TIME: '500ms' })
    await redis.client.lpush(queueKey, 'x')
    await worker.line(/Task get x/)
    await expect.poll(held).toEqual(['x'])
    await worker.line(/task done/)
    await expect.poll(held).toEqual([])
  })

  it.each([
    ['lifo', ['c', 'b', 'a']],
    ['fifo', ['a', 'b', 'c']],
  ])('takes %s from what a foreign client pushed', async (order, expected) => {
    await redis.client.lpush(queueKey, 'a', 'b', 'c')
    const worker = givenWorker('w', { ORDER: order })
    await expect
      .poll(() => worker.matching(/Task get/).map((line) => /Task get (\w)/.exec(line)?.[1]), {
        timeout: 10_000,
      })
      .toEqual(expected)
  })

  it('is killed: another works on what it held', async () => {
    const victim = givenWorker('victim', { WORK_TIME: '60s', CONCURRENCY: '2' })
    await redis.client.lpush(queueKey, 'a', 'a')
    await expect.poll(() => victim.matching(/Task get a/).length, { timeout: 10_000 }).toBe(2)
    await expect.poll(held).toHaveLength(2)
    victim.signal('SIGKILL')
    const heir = givenWorker('heir')
    await expect.poll(() => heir.matching(/Task get a/).length, { timeout: 25_000 }).toBe(2)
    await heir.line(/gave back the values of a dead consumer/)
    await expect.poll(held).toEqual([])
    expect(await waiting()).toEqual([])
  })

  it('gives back what it could not finish when its grace period is over', async () => {
    const worker = givenWorker('w', { WORK_TIME: '60s', SHUTDOWN_GRACE: '200ms' })
    await redis.client.lpush(queueKey, 'x')
    await worker.line(/Task get x/)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(await waiting()).toEqual(['x'])
    expect(await redis.client.zcard(consumers)).toBe(0)
  })

  it('loses nothing when its connections are cut again and again', async () => {
    const worker = givenWorker('w', { ORDER: 'fifo', CONCURRENCY: '4' })
    const values = Array.from({ length: 300 }, (_, index) => `v${index}`)
    for (const [index, value] of values.entries()) {
      await redis.client.lpush(queueKey, value)
      if (index % 30 === 29) await redis.cut('normal')
    }
    const got = () => worker.matching(/Task get/).map((line) => /Task get (\S+)/.exec(line)?.[1])
    await expect.poll(() => new Set(got()).size, { timeout: 25_000 }).toBe(values.length)
    await expect.poll(held, { timeout: 10_000 }).toEqual([])
    expect(await waiting()).toEqual([])
  })
})
