import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import getPort from 'get-port'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { TestProcess } from '../support/process.js'
import { TestRedis } from '../support/redis.js'
import { givenSite, kill, type StartSite } from '../support/start.js'

const key = 'task:prodcons:queue'

const untilUp = (started: TestProcess) => started.line(/^servery: Ctrl-C stops everything/)

/** The page's address, from the web process' own line. */
async function pageOf(started: TestProcess): Promise<string> {
  const line = await started.line(/^\[web\.1 *\] .*the page is at http/)
  return /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0] ?? line
}

async function stopInOrder(started: TestProcess): Promise<void> {
  started.signal('SIGINT')
  expect(await started.exit()).toBe(0)
}

/** Only a queue, and no one who takes from it. */
async function givenQueueOnly(site: StartSite): Promise<TestProcess> {
  const started = site.start(['web=0', 'prodcons=0', 'pubsub=0'])
  await untilUp(started)
  return started
}

describe('npm start', () => {
  it('brings everything up, and each line tells whose it is', async () => {
    const site = givenSite()
    const started = site.start()
    const page = await pageOf(started)
    await started.line(/^\[prodcons\.1 *\] .*waiting for values/)
    await started.line(/^\[pubsub\.1 *\] .*listening/)
    expect(await started.line(/redis-cli/)).toBe(`servery: its Redis answers to: redis-cli -p ${site.port}`)
    const pushed = await fetch(`${page}/prodcons`, { method: 'POST', body: 'x' })
    expect(pushed.status).toBe(202)
    await started.line(
      /^\[prodcons\.1 *\] .*Task get x {2}queue=task:prodcons:queue worker=prodcons\.1 left=0$/,
    )
    await stopInOrder(started)
    const owned =
      /^\[(redis|web\.1|prodcons\.1|pubsub\.1|tasks\.1|memcached\.1) *\] |^servery: |INFO: stopping/
    expect(started.lines.filter((line) => !owned.test(line))).toEqual([])
  })

  it('says where the page is once it is served', async () => {
    const site = givenSite()
    const port = await getPort()
    const started = site.start(['prodcons=0'], { PORT: String(port) })
    await started.line(new RegExp(`^servery: the page is at http://127.0.0.1:${port}/$`))
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
  })

  it('runs as many of a process as it is told', async () => {
    const started = givenSite().start(['prodcons=3', 'pubsub=0', 'web=0'])
    for (const name of ['prodcons.1', 'prodcons.2', 'prodcons.3']) {
      await started.line(new RegExp(`^\\[${name} *\\] .*waiting for values.*"${name}"`))
    }
    await untilUp(started)
    expect(started.matching(/^\[(web|pubsub|prodcons\.4)/)).toEqual([])
    expect(started.matching(/the page is at/)).toEqual([])
  })

  it('uses the Redis that REDIS_URL names and runs none', async () => {
    const redis = new TestRedis()
    onTestFinished(() => redis.remove())
    await redis.start()
    const site = givenSite()
    const started = site.start(['web=0'], { REDIS_URL: redis.url })
    await redis.client.lpush(key, 'x')
    await started.line(/Task get x/)
    await untilUp(started)
    expect(site.processes(/redis-server/)).toEqual([])
    expect(started.matching(/redis-cli|^\[redis/)).toEqual([])
    await stopInOrder(started)
    expect(await redis.client.ping()).toBe('PONG')
  })
})

describe('npm start and what dies under it', () => {
  it('starts a killed worker again, and says so', async () => {
    const site = givenSite()
    const started = site.start(['web=0', 'pubsub=0'])
    await started.line(/waiting for values/)
    for (const times of [1, 2]) {
      site.processes(/^node.*prodcons\.js/).forEach(kill)
      await expect
        .poll(() => started.matching(/^\[prodcons\.1 *\] .* starting it again in \d+\.\d s/), {
          timeout: 10_000,
        })
        .toHaveLength(times)
      await expect
        .poll(() => started.matching(/waiting for values/), { timeout: 10_000 })
        .toHaveLength(times + 1)
    }
    await site.client().lpush(key, 'x')
    await started.line(/Task get x/)
  })

  it('starts a killed Redis again with its data, and work goes on', async () => {
    const site = givenSite()
    const started = site.start(['web=0', 'pubsub=0'])
    await started.line(/waiting for values/)
    const client = site.client()
    // Else what is written in the last second may be lost when Redis is killed, as documented.
    await client.config('SET', 'appendfsync', 'always')
    await client.lpush('other', 'kept')
    for (const times of [1, 2]) {
      site.processes(/redis-server/).forEach(kill)
      await expect
        .poll(() => started.matching(/^\[redis *\] .* starting it again/), { timeout: 10_000 })
        .toHaveLength(times)
      await client.lpush(key, `x${times}`)
      await started.line(new RegExp(`Task get x${times}`))
    }
    expect(await client.lrange('other', 0, -1)).toEqual(['kept'])
    await stopInOrder(started)
  })
})

describe('npm start whose data folder is deleted', () => {
  it('says so when its Redis is killed and cannot be started again', async () => {
    const site = givenSite()
    const started = await givenQueueOnly(site)
    const [pid = NaN] = site.processes(/redis-server/)
    rmSync(site.redisDir, { recursive: true })
    kill(pid)
    expect(await started.line(/^\[redis *\] its folder is gone/)).toContain(site.redisDir)
    await stopInOrder(started)
  })
})

describe('npm start told to stop', () => {
  it('takes two signals in quick succession as one, stops Redis last, leaves nothing behind, exits with 0', async () => {
    const site = givenSite()
    const started = site.start([], { WORK_TIME: '300ms', LOG_LEVEL: 'debug' })
    await pageOf(started)
    await site.client().lpush(key, 'in-hand')
    await started.line(/Task get in-hand/)
    // Two kinds: of one kind the system may make one on their way.
    started.signal('SIGINT')
    started.signal('SIGTERM')
    expect(await started.exit()).toBe(0)
    const lineOf = (pattern: RegExp) => started.lines.findIndex((line) => pattern.test(line))
    expect(lineOf(/^\[prodcons\.1 *\] .*task done/)).toBeGreaterThan(0)
    expect(lineOf(/^\[redis *\] .*shutdown/)).toBeGreaterThan(lineOf(/^\[prodcons\.1 *\] .*task done/))
    expect(lineOf(/^\[redis *\] .*bye bye/)).toBe(started.lines.length - 1)
    expect(site.processes()).toEqual([])
  })

  it('stops in order when asked before everything is up', async () => {
    const site = givenSite()
    const started = site.start()
    await expect.poll(() => site.processes(/redis-server/), { timeout: 10_000, interval: 1 }).toHaveLength(1)
    started.signal('SIGTERM')
    expect(await started.exit()).toBe(0)
    expect(site.processes()).toEqual([])
  })

  it('stops in order when nobody reads its output any more', async () => {
    const site = givenSite()
    const started = site.start()
    await pageOf(started)
    started.closeOutput()
    await site.client().lpush(key, 'a')
    expect(await started.exit()).toBe(0)
    expect(site.processes()).toEqual([])
  })

  it('has again what was waiting, also when loading it takes a while', async () => {
    const site = givenSite()
    const first = await givenQueueOnly(site)
    const pipeline = site.client().pipeline()
    for (let value = 0; value < 1000; value += 1) pipeline.lpush(key, value)
    await pipeline.exec()
    await stopInOrder(first)
    const second = site.start(['prodcons=0'], { REDIS_SERVER: slowlyLoadingRedis(site) })
    await second.line(/redis-cli/)
    expect(await site.client().llen(key)).toBe(1000)
  })
})

describe('npm start killed outright', () => {
  it('leaves only its Redis, which the next start ends, taking over its data', async () => {
    const site = givenSite()
    const first = site.start(['prodcons=0'])
    await pageOf(first)
    await site.client().lpush(key, 'a', 'b', 'c')
    first.signal('SIGKILL')
    await first.exit()
    await expect.poll(() => site.processes(/^node/), { timeout: 10_000 }).toEqual([])
    const leftover = site.processes(/redis-server/)
    expect(leftover).toHaveLength(1)
    await givenQueueOnly(site)
    expect(site.processes(/redis-server/)).toHaveLength(1)
    expect(site.processes(/redis-server/)).not.toEqual(leftover)
    expect(await site.client().llen(key)).toBe(3)
  })
})

describe('a second npm start on the same data', () => {
  it('says in one line that the first runs, exits with 1, and leaves the first alone', async () => {
    const site = givenSite()
    const first = site.start(['web=0', 'pubsub=0'])
    await first.line(/waiting for values/)
    const before = site.processes()
    const second = site.start(['web=0'])
    expect(await second.exit()).toBe(1)
    expect(second.lines).toEqual([expect.stringMatching(/already runs.*port \d+/)])
    expect(site.processes()).toEqual(before)
    await site.client().lpush(key, 'x')
    await first.line(/Task get x/)
    expect(first.matching(/again|out of reach/)).toEqual([])
  })
})

/** A redis-server that takes about a second to load a thousand commands. */
function slowlyLoadingRedis(site: StartSite): string {
  const program = join(site.dataDir, 'slow-redis')
  const options = '--key-load-delay 1000 --loading-process-events-interval-bytes 1024'
  writeFileSync(program, `#!/bin/sh\nexec ${process.env.REDIS_SERVER ?? 'redis-server'} "$@" ${options}\n`)
  chmodSync(program, 0o755)
  return program
}
