import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { PlainQueue } from '../../src/queue/plain-queue.js'
import { givenProcess, type TestProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const key = 'task:prodcons:queue'

const givenWorker = (env: Record<string, string> = {}) =>
  givenProcess('workers/prodcons.js', { REDIS_URL: redis.url, WORKER_NAME: 'w1', ...env })

const got = (worker: TestProcess) =>
  worker.matching(/^Task get /).map((line) => /^Task get (\S+) {2}/.exec(line)?.[1] ?? line)

const untilGot = (worker: TestProcess, count: number) =>
  expect.poll(() => got(worker), { timeout: 20_000 }).toHaveLength(count)

const waiting = () => redis.client.lrange(key, 0, -1)

/** Waits until a worker is blocked in BLPOP or BRPOP. */
const untilBlocked = () =>
  expect.poll(() => redis.client.info('clients'), { timeout: 20_000 }).toMatch(/^blocked_clients:1\r$/m)

/** Processor time a process has used so far. */
function cpuMs({ pid }: TestProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const ticksPerSecond = 100
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond
}

describe('the prodcons worker and foreign clients', () => {
  it('prints what a foreign client pushes, with queue and worker', async () => {
    const worker = givenWorker()
    await redis.client.lpush(key, 'x')
    await worker.line(/^Task get x {2}queue=task:prodcons:queue worker=w1 left=0$/)
    expect(await waiting()).toEqual([])
  })

  it('takes from the queue that QUEUE names', async () => {
    const worker = givenWorker({ QUEUE: 'tq' })
    await redis.client.lpush(key, 'elsewhere')
    await redis.client.lpush('tq', 'here')
    await worker.line(/^Task get here {2}queue=tq worker=w1 left=0$/)
    expect(await waiting()).toEqual(['elsewhere'])
  })

  it('tells how many are left', async () => {
    await redis.client.lpush('tq', 'a', 'b', 'c')
    const worker = givenWorker({ QUEUE: 'tq', ORDER: 'fifo' })
    await untilGot(worker, 3)
    expect(worker.matching(/^Task get /).map((line) => line.replace(/.*(left=\d)$/, '$1'))).toEqual([
      'left=2',
      'left=1',
      'left=0',
    ])
  })

  it('takes the newest first', async () => {
    await redis.client.lpush(key, 'a', 'b', 'c')
    const worker = givenWorker()
    await untilGot(worker, 3)
    expect(got(worker)).toEqual(['c', 'b', 'a'])
  })

  it('takes the oldest first with ORDER=fifo', async () => {
    await redis.client.lpush(key, 'a', 'b', 'c')
    const worker = givenWorker({ ORDER: 'fifo' })
    await untilGot(worker, 3)
    expect(got(worker)).toEqual(['a', 'b', 'c'])
  })

  it('is not needed: what is pushed can be taken by a foreign BRPOP or BLPOP, as it is', async () => {
    await new PlainQueue(redis.client, { key, maxLength: 0 }).push(['a', 'b', 'c'])
    expect(await redis.client.brpop(key, 1)).toEqual([key, 'a'])
    expect(await redis.client.blpop(key, 1)).toEqual([key, 'c'])
  })

  it('escapes what would forge a second line', async () => {
    const worker = givenWorker()
    await redis.client.lpush(key, 'a\nTask get forged  queue=q')
    expect(await worker.line(/^Task get a/)).toContain(
      'Task get a\\u{a}Task get forged  queue=q  queue=task:',
    )
  })
})

describe('the prodcons worker at work', () => {
  it('works on CONCURRENCY values at a time and leaves the rest to others', async () => {
    const worker = givenWorker({ CONCURRENCY: '3', WORK_TIME: '1h', SHUTDOWN_GRACE: '0s' })
    await redis.client.lpush(key, 'a', 'b', 'c', 'd', 'e')
    await untilGot(worker, 3)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(got(worker)).toEqual(['e', 'd', 'c'])
    expect(await waiting()).toEqual(['b', 'a'])
  })

  it('takes the next value when a slot is free', async () => {
    const worker = givenWorker({ CONCURRENCY: '2', WORK_TIME: '20ms', LOG_LEVEL: 'debug' })
    await redis.client.lpush(key, '1', '2', '3', '4', '5')
    await expect.poll(() => worker.matching(/"task done"/), { timeout: 20_000 }).toHaveLength(5)
  })
})

describe('the prodcons worker told to stop', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'finishes what is in hand on %s, takes nothing more, and exits with 0',
    async (signal) => {
      const worker = givenWorker({ WORK_TIME: '300ms', LOG_LEVEL: 'debug' })
      await redis.client.lpush(key, 'later', 'in-hand')
      await worker.line(/^Task get in-hand/)
      worker.signal(signal)
      expect(await worker.exit()).toBe(0)
      expect(worker.matching(/"task done"/)).toHaveLength(1)
      expect(await waiting()).toEqual(['later'])
    },
  )

  it('ends a blocked read with CLIENT UNBLOCK and exits with 0', async () => {
    await redis.client.config('RESETSTAT')
    const worker = givenWorker()
    await untilBlocked()
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(await redis.client.info('commandstats')).toMatch(/cmdstat_client\|unblock:calls=[1-9]/)
  })

  it('loses no value that is pushed at that moment', async () => {
    const printed: string[] = []
    const pusher = givenPusher()
    for (let round = 0; round < 8; round += 1) {
      const worker = givenWorker()
      await untilGotSome(worker)
      worker.signal('SIGTERM')
      expect(await worker.exit()).toBe(0)
      printed.push(...got(worker))
    }
    const pushed = await pusher.stop()
    const left = await waiting()
    expect(left.length).toBeLessThan(pushed.length)
    expect([...printed, ...left].sort()).toEqual(pushed.sort())
  })

  it('says how many values it abandons when the grace period is over, and exits with 0', async () => {
    const worker = givenWorker({ CONCURRENCY: '2', WORK_TIME: '1h', SHUTDOWN_GRACE: '100ms' })
    await redis.client.lpush(key, 'a', 'b', 'c')
    await untilGot(worker, 2)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(worker.matching(/"values":2.*grace period is over/)).toHaveLength(1)
    expect(await waiting()).toEqual(['a'])
  })

  it('ignores the same signal again at once, and ends with 1 on one a second later', async () => {
    const worker = givenWorker({ WORK_TIME: '1h' })
    await redis.client.lpush(key, 'a')
    await untilGot(worker, 1)
    const firstAt = Date.now()
    await vi.waitUntil(
      () => {
        worker.signal('SIGINT')
        return !worker.isRunning
      },
      { timeout: 10_000, interval: 100 },
    )
    expect(await worker.exit()).toBe(1)
    expect(Date.now() - firstAt).toBeGreaterThanOrEqual(1000)
  })

  it('stops in order when nobody reads its output any more', async () => {
    const worker = givenWorker({ WORK_TIME: '200ms' })
    await redis.client.lpush(key, 'third', 'second', 'first')
    await worker.line(/^Task get first/)
    worker.closeOutput()
    expect(await worker.exit()).toBe(0)
    expect(await waiting()).toEqual(['third'])
  })

  it.each(['at-most-once', 'at-least-once'])(
    'keeps to its grace period when Redis hangs (%s), and says what it abandons',
    async (delivery) => {
      const worker = givenWorker({
        DELIVERY: delivery,
        CONCURRENCY: '2',
        WORK_TIME: '1h',
        SHUTDOWN_GRACE: '500ms',
      })
      await redis.client.lpush(key, 'in-hand')
      await worker.line(/^Task get in-hand/)
      await untilBlocked()
      redis.freeze()
      onTestFinished(() => redis.thaw())
      worker.signal('SIGTERM')
      expect(await worker.exit()).toBe(0)
      expect(worker.matching(/"values":1.*grace period is over/)).toHaveLength(1)
    },
  )

  it('loses no value with SHUTDOWN_GRACE=0 while it waits for one', async () => {
    const worker = givenWorker({ SHUTDOWN_GRACE: '0s' })
    await untilBlocked()
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    await redis.client.lpush(key, 'x')
    expect(await waiting()).toEqual(['x'])
  })

  it('exits with 0 while Redis is away', async () => {
    const worker = givenProcess('workers/prodcons.js', { REDIS_URL: 'redis://127.0.0.1:1' })
    await worker.line(/out of reach/)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
  })
})

describe('the prodcons worker in trouble', () => {
  it('says once that Redis is out of reach and once that it is back, does not spin, and goes on', async () => {
    const worker = givenWorker({ LOG_LEVEL: 'debug' })
    await untilBlocked()
    await redis.kill()
    await worker.line(/out of reach/)
    const [linesBefore, cpuBefore] = [worker.lines.length, cpuMs(worker)]
    // Nothing happens that could be awaited: that is the point.
    await sleep(2000)
    expect(worker.lines).toHaveLength(linesBefore)
    expect(cpuMs(worker) - cpuBefore).toBeLessThan(250)
    await redis.start()
    await redis.client.lpush(key, 'after')
    await worker.line(/^Task get after/)
    // Another connection's news, which may come later.
    await worker.line(/Redis is back/)
    expect(worker.matching(/out of reach/)).toHaveLength(1)
    expect(worker.matching(/Redis is back/)).toHaveLength(1)
    expect(worker.isRunning).toBe(true)
  })

  it('exits with 0 when it is told to stop while Redis, which was there, is away', async () => {
    const worker = givenWorker()
    await untilBlocked()
    await redis.kill()
    await worker.line(/out of reach/)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
  })

  it('goes on when its connections are cut again and again under load', async () => {
    const worker = givenWorker()
    await untilBlocked()
    for (let round = 0; round < 30; round += 1) {
      await redis.client.lpush(key, ...Array.from({ length: 20 }, (_, index) => `${round}-${index}`))
      await redis.cut('normal')
    }
    await redis.client.lpush(key, 'last')
    await worker.line(/^Task get last/)
    await expect.poll(waiting, { timeout: 20_000 }).toEqual([])
    // A value on its way over a connection that is cut is lost in this lane; none may come twice.
    expect(new Set(got(worker)).size).toBe(got(worker).length)
  })

  it('says once that the key is not a list, and goes on when it is', async () => {
    await redis.client.config('RESETSTAT')
    await redis.client.set(key, 'a string')
    const worker = givenWorker()
    await expect
      .poll(() => redis.client.info('commandstats'), { timeout: 20_000 })
      .toMatch(/cmdstat_blpop:.*failed_calls=[3-9]/)
    expect(worker.matching(/task:prodcons:queue holds something that is not a list/)).toHaveLength(1)
    await redis.client.del(key)
    await redis.client.lpush(key, 'x')
    await worker.line(/^Task get x/)
  })
})

async function untilGotSome(worker: TestProcess): Promise<void> {
  await expect.poll(() => got(worker).length, { timeout: 20_000 }).toBeGreaterThan(20)
}

/** A foreign client that pushes one value after the other without a pause. */
function givenPusher() {
  const pushed: string[] = []
  const stopping = new AbortController()
  async function push() {
    while (!stopping.signal.aborted) {
      const value = `v${pushed.length}`
      await redis.client.lpush(key, value)
      pushed.push(value)
    }
  }
  const pushing = push()
  return {
    async stop(): Promise<string[]> {
      stopping.abort()
      await pushing
      return pushed
    },
  }
}
