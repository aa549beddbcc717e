import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'
import { packageRoot } from '../../src/process/package-root.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const example = (name: string) => join(packageRoot, 'examples', name)
const env = () => ({ PATH: process.env.PATH, REDIS_URL: redis.url })
const run = (name: string) => promisify(execFile)(process.execPath, [example(name)], { env: env() })

it('the example of the library runs, and ends by itself', async () => {
  const { stdout } = await run('library.mjs')
  expect(stdout).toBe(['Ada', 'Grace', 'Barbara'].map((name) => `Hello ${name}, at attempt 1\n`).join(''))
  expect(await redis.client.hget('{task:queue:greetings}:stats', 'done')).toBe('3')
})

it('the example of a schedule runs without any other process, and leaves no schedule behind', async () => {
  const { stdout } = await run('schedule.mjs')
  const [first, second, last] = stdout.split('\n')
  expect([first, second]).toEqual(['Good day Ada', 'Good day Ada'])
  expect(last).toMatch(/^each-second: the last of its tasks was greetings\.n[\w-]{16}$/)
  expect(await redis.client.hlen('task:schedules')).toBe(0)
})

it('the example of a Fastify application shows its page to whom it lets in, and ends in order', async () => {
  const application = spawn(process.execPath, [example('fastify.mjs')], { env: { ...env(), PORT: '0' } })
  onTestFinished(() => void application.kill('SIGKILL'))
  const [line] = (await once(createInterface(application.stdout), 'line')) as [string]
  const page = /http:\S+/.exec(line)?.[0] ?? line
  expect((await fetch(page)).status).toBe(401)
  const headers = { authorization: 'Bearer secret', accept: 'text/html', 'content-type': 'application/json' }
  expect(await (await fetch(page, { headers })).text()).toContain(
    'href="/admin/queues/assets/styles/page.css"',
  )
  const body = JSON.stringify({ task: 'greet', data: { name: 'Ada' } })
  const taken = await fetch(`${page}/tasks`, { method: 'POST', headers, body })
  const { id } = (await taken.json()) as { id: string }
  const asProgram = { ...headers, accept: 'application/json' }
  const done = await fetch(`${page}/tasks/${id}?wait=10`, { headers: asProgram })
  expect(await done.json()).toMatchObject({ state: 'done', result: 'Hello Ada' })
  application.kill('SIGTERM')
  expect(await once(application, 'exit')).toEqual([0, null])
})
