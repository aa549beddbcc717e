import { Redis } from 'ioredis'
import request from 'supertest'
import { describe, expect, it, onTestFinished } from 'vitest'
import { givenApp } from '../support/app.js'
import { echo } from '../support/http-tasks.js'
import getPort from 'get-port'
import { TestRedis, useRedis } from '../support/redis.js'

const redis = useRedis()

async function givenReplica(): Promise<Redis> {
  // A replica has to be told an address; the socket of a test's Redis is none.
  const port = await getPort({ host: '127.0.0.1' })
  await redis.client.config('SET', 'port', String(port))
  await redis.client.config('SET', 'repl-diskless-sync-delay', '0')
  const replica = new TestRedis()
  await replica.start()
  onTestFinished(() => replica.remove())
  await replica.client.replicaof('127.0.0.1', port)
  await expect
    .poll(() => replica.client.info('replication'), { timeout: 20_000 })
    .toMatch(/master_link_status:up/)
  return replica.client
}

describe('POST /tasks?durability=', () => {
  it('replica is answered when a replica has the task', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const replica = await givenReplica()
    const { headers } = await request(app.server).post('/tasks?durability=replica').send(echo).expect(202)
    expect(headers.durability).toBe('replica')
    expect(await replica.llen('task:queue:default')).toBe(1)
  })

  it('replica is a 503 that says so where there is none, and the task is kept', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server)
      .post('/tasks?durability=replica')
      .send(echo)
      .expect(503, /DURABILITY_NOT_REACHED/)
    expect(await redis.client.llen('task:queue:default')).toBe(1)
  })

  it('of NDJSON is said of each line', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const sent = `${JSON.stringify(echo)}\nnonsense\n`
    const post = () =>
      request(app.server)
        .post('/tasks?durability=replica')
        .set('content-type', 'application/x-ndjson')
        .send(sent)
        .expect(202)
    const answers = ({ text }: { text: string }) =>
      text
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(answers(await post())).toMatchObject([
      { line: 1, statusCode: 503, id: expect.any(String) as string },
      { line: 2, statusCode: 400 },
    ])
    await givenReplica()
    expect(answers(await post())).toMatchObject([
      { line: 1, state: 'waiting' },
      { line: 2, statusCode: 400 },
    ])
  })

  it('fsync is answered where Redis writes through, and says so', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await redis.client.config('SET', 'appendfsync', 'always')
    const { headers } = await request(app.server).post('/tasks?durability=fsync').send(echo).expect(202)
    expect(headers.durability).toBe('fsync')
  })

  it('anything else is a 400 that names it', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server)
      .post('/tasks?durability=very')
      .send(echo)
      .expect(400, /durability/)
  })
})
