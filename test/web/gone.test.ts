import { request as open } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { expect, describe, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo, givenTask } from '../support/http-tasks.js'
import { useRedis } from '../support/redis.js'
import { eventually } from '../support/tasks.js'

const redis = useRedis()

/** Commands and scripts that Redis has run. */
async function calls(): Promise<number> {
  const text = await redis.client.info('commandstats')
  const counts = [...text.matchAll(/cmdstat_(?:evalsha|hget):calls=(\d+)/g)]
  return counts.reduce((sum, [, count]) => sum + Number(count), 0)
}

/** Sends a request, and goes once `isUnderWay`. */
async function askAndGo(
  app: FastifyInstance,
  { method, path, body }: { method: string; path: string; body?: object },
) {
  const before = await calls()
  const { port } = app.server.address() as AddressInfo
  const headers = { 'content-type': 'application/json' }
  const asked = open({ host: '127.0.0.1', port, method, path, headers }).on('error', () => undefined)
  if (!body) asked.removeHeader('content-type')
  asked.end(body && JSON.stringify(body))
  await eventually(async () => expect(await calls()).toBeGreaterThan(before + 2))
  const connections = () => new Promise<number>((resolve) => app.server.getConnections((_, n) => resolve(n)))
  asked.destroy()
  await eventually(async () => expect(await connections()).toBe(0))
}

describe('a request whose client has gone', () => {
  it.each([
    ['that waits for a task to finish', { method: 'GET', path: '/tasks/ID?wait=20' }],
    ['that waits for a task to take', { method: 'POST', path: '/queues/other/reserve?wait=20' }],
    ['that waits for room', { method: 'POST', path: '/tasks?wait=20', body: echo }],
  ])('%s asks Redis no more', async (_what, asked) => {
    const app = await givenApp({ redisUrl: redis.url, maxLength: 1 })
    const { id } = await givenTask(app)
    await askAndGo(app, { ...asked, path: asked.path.replace('ID', id) })
    await eventually(async () => {
      const before = await calls()
      await new Promise((resolve) => setTimeout(resolve, 600))
      expect(await calls()).toBe(before)
    }, 5000)
    expect(await redis.client.hlen('{task:queue:default}:tasks')).toBe(1)
  })
})
