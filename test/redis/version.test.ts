import { expect, it } from 'vitest'
import { givenFakeRedis } from '../support/fake-redis.js'
import { givenProcess } from '../support/process.js'

const entrypoints = ['src/server.js', 'workers/prodcons.js', 'workers/pubsub.js']
const refusal = /Redis \S+ is too old/

it.each(entrypoints)('%s ends with one line where Redis is older than 7.0', async (entrypoint) => {
  // A server that only claims to be one: no old Redis can be installed where a new one is.
  const { url } = await givenFakeRedis({ version: '6.2.0' })
  const started = givenProcess(entrypoint, { REDIS_URL: url, PORT: '0', LOG_FORMAT: 'json' })
  expect(await started.exit()).toBe(1)
  const [line = ''] = started.matching(refusal)
  expect(started.matching(refusal)).toHaveLength(1)
  expect(line).toContain('Redis 6.2.0 is too old: Servery needs Redis 7.0 or newer, or Valkey')
  // Neither a stack trace nor anything after it.
  expect(started.lines.at(-1)).toBe(line)
  expect(started.matching(/^\s+at /)).toEqual([])
})

it.each(['7.0.0', '7.2.4', '10.0.1'])('Redis %s is taken', async (version) => {
  const { url } = await givenFakeRedis({ version })
  const web = givenProcess('src/server.js', { REDIS_URL: url, PORT: '0' })
  await web.line(/the page is at/)
  expect(web.matching(refusal)).toEqual([])
  expect(web.isRunning).toBe(true)
})
