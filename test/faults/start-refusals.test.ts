import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { givenFakeRedis } from '../support/fake-redis.js'
import { givenPortInUse } from '../support/port.js'
import { givenSite } from '../support/start.js'

describe('npm start told wrongly', () => {
  it('names the processes there are when it is asked for another, and exits with 1', async () => {
    const site = givenSite()
    const started = site.start(['prodcon=3'])
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringMatching(/prodcon=3: expected .* web, prodcons, pubsub/)])
    expect(site.processes()).toEqual([])
  })

  it('says in one line that PORT is in use, and exits with 1', async () => {
    const port = await givenPortInUse()
    const started = givenSite().start([], { PORT: String(port) })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringContaining(`PORT: ${port} on 127.0.0.1 is in use`)])
  })

  it.each([
    ['is missing', '/nowhere/redis-server', /redis-server.*not found/],
    ['fails', '/bin/false', /^\[redis *\] /],
  ])('says that its Redis could not be started when the program %s, and exits with 1', async (_, program) => {
    const site = givenSite()
    const started = site.start([], { REDIS_SERVER: program })
    expect(await started.exit()).toBe(1)
    expect(started.lines.at(-1)).toMatch(/the private Redis could not be started \(exit code \d+\)/)
    expect(site.processes()).toEqual([])
  })

  it('says why its Redis could not be started when the data folder cannot be used', async () => {
    const site = givenSite()
    mkdirSync(site.redisDir)
    writeFileSync(join(site.redisDir, 'appendonlydir'), 'a file')
    const started = site.start()
    expect(await started.exit()).toBe(1)
    expect(started.matching(/^\[redis *\] .*append-only dir/)).toHaveLength(1)
    expect(started.lines.at(-1)).toMatch(/the private Redis could not be started/)
  })

  it('says in one line that there are too few ports for its web processes, and exits with 1', async () => {
    const started = givenSite().start(['web=2'], { PORT: '65535' })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([
      expect.stringContaining('PORT: 65535 leaves no ports for 2 web processes'),
    ])
  })

  it('says in one line that the port of its second web process is in use, and exits with 1', async () => {
    const port = await givenPortInUse()
    const started = givenSite().start(['web=2'], { PORT: String(port - 1) })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringMatching(/PORT: \d+ on 127.0.0.1 is in use/)])
  })

  it('says in one line that the Redis of REDIS_URL is too old, and exits with 1', async () => {
    const { url } = await givenFakeRedis({ version: '6.2.0' })
    const started = givenSite().start([], { REDIS_URL: url })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringMatching(/Redis 6\.2\.0 is too old: Servery needs Redis 7/)])
  })

  it('says in one line that no folder can be made there, and exits with 1', async () => {
    const started = givenSite().start([], { DATA_DIR: '/proc/x' })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringMatching(/no such file or directory.*\/proc\/x/)])
  })

  it('says in one line that the data folder cannot be made, and exits with 1', async () => {
    const site = givenSite()
    writeFileSync(join(site.dataDir, 'file'), '')
    const started = site.start([], { DATA_DIR: join(site.dataDir, 'file', 'data') })
    expect(await started.exit()).toBe(1)
    expect(started.lines).toEqual([expect.stringMatching(/not a directory.*file\/data\/redis/)])
  })
})
