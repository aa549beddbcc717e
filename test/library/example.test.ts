import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { packageRoot } from '../../src/process/package-root.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

it('the example of the library runs, and ends by itself', async () => {
  const example = join(packageRoot, 'examples/library.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [example], {
    env: { PATH: process.env.PATH, REDIS_URL: redis.url },
  })
  expect(stdout).toBe(['Ada', 'Grace', 'Barbara'].map((name) => `Hello ${name}, at attempt 1\n`).join(''))
  expect(await redis.client.hget('{task:queue:greetings}:stats', 'done')).toBe('3')
})
