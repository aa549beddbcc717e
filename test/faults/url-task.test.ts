import { expect, it } from 'vitest'
import { givenHttpServer } from '../support/http-server.js'
import { givenClient, givenMemcachedProcess } from '../support/memcached.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks } from '../support/tasks.js'
import { text } from 'node:stream/consumers'

const redis = useRedis()

it('fetches the URLs that memcached clients set as task:url, with the settings that there are by default', async () => {
  const asked: string[] = []
  const site = await givenHttpServer((request, response) => {
    void text(request).then((body) => {
      asked.push(`${request.method} ${request.url} ${body}`)
      response.end('thanks')
    })
  })
  const worker = givenProcess('workers/tasks.js', {
    REDIS_URL: redis.url,
    FETCH_ALLOW: `127.0.0.1:${site.port}`,
    LOG_FORMAT: 'json',
  })
  await worker.line(/waiting for tasks/)
  const { port } = await givenMemcachedProcess(redis)
  const client = await givenClient(port)
  const before = Date.now()
  const orders = [
    `${site.url}/bare`,
    JSON.stringify({ url: `${site.url}/json`, method: 'PUT', body: { a: [] }, delay: 1 }),
    'neither of them',
  ]
  for (const order of orders) expect(await client.set('task:url', order)).toBe('STORED')

  const tasks = await givenTasks(redis, 'task:url')
  await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 2, dead: 1 }))
  expect(asked).toEqual(['GET /bare ', 'PUT /json {"a":[]}'])
  expect(Date.now() - before).toBeGreaterThanOrEqual(1000)
  const { tasks: dead } = await tasks.inspector.page('dead')
  expect(dead[0]).toMatchObject({ data: 'neither of them', error: { message: expect.stringMatching(/url/) } })
})
