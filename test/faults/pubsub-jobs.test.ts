import request from 'supertest'
import { expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { givenListener } from '../support/listener.js'
import { givenPubsubWorker } from '../support/pubsub.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const dispatch = (worker: string, message: string) => redis.client.publish(`task:dispatch:${worker}`, message)

async function givenResults() {
  const { messages } = await givenListener(redis, 'task:results')
  return () => messages.map((message) => JSON.parse(message) as object)
}

it('a numbered worker echoes a job and publishes its result', async () => {
  const [results] = [await givenResults(), await givenPubsubWorker(redis, '2')]
  await dispatch('2', '17')
  await expect.poll(results).toEqual([{ worker: '2', job: 17, result: 17 }])
})

it('runs the handler that a message names, on either channel, and tells what failed', async () => {
  const [results] = [await givenResults(), await givenPubsubWorker(redis, '2')]
  await dispatch('2', '{"job":1,"task":"checksum","data":{"text":"abc"}}')
  await redis.client.publish('task:pubsub:channel', '{"job":2,"task":"sleep","data":{"seconds":"x"}}')
  await expect.poll(results).toHaveLength(2)
  expect(results()).toEqual(
    expect.arrayContaining([
      { worker: '2', job: 1, result: expect.anything() as unknown },
      {
        worker: '2',
        job: 2,
        error: { name: 'UnrecoverableError', message: 'data.seconds: expected to be number' },
      },
    ]),
  )
})

it('publishes the result of what POST /pubsub sends to it', async () => {
  const [results] = [await givenResults(), await givenPubsubWorker(redis, '2')]
  const app = await givenApp({ redisUrl: redis.url })
  await request(app.server)
    .post('/pubsub')
    .send({ message: { task: 'echo', data: { message: 'hi' }, job: 'a' }, to: '2' })
    .expect(202)
  await expect.poll(results).toEqual([{ worker: '2', job: 'a', result: 'hi' }])
})

it('told to stop, it finishes its jobs within the grace period and tells their results', async () => {
  const [results, worker] = [await givenResults(), await givenPubsubWorker(redis, '2')]
  await dispatch('2', '{"job":1,"task":"sleep","data":{"seconds":0.5}}')
  await worker.line(/^Message get/)
  worker.signal('SIGTERM')
  expect(await worker.exit()).toBe(0)
  await expect.poll(results).toEqual([{ worker: '2', job: 1, result: { slept: 0.5 } }])
})

it('told to stop, it tells of the jobs that it cuts short', async () => {
  const results = await givenResults()
  const worker = await givenPubsubWorker(redis, '2', { SHUTDOWN_GRACE: '0s' })
  await dispatch('2', '{"job":1,"task":"sleep","data":{"seconds":60}}')
  await worker.line(/^Message get/)
  worker.signal('SIGTERM')
  expect(await worker.exit()).toBe(0)
  await expect
    .poll(results)
    .toEqual([{ worker: '2', job: 1, error: { name: 'AbortedError', message: 'the worker is stopping' } }])
})

it('says that another listens under its name', { timeout: 30_000 }, async () => {
  await givenPubsubWorker(redis, '2')
  const other = await givenPubsubWorker(redis, '2')
  await other.line(/another listens under this name/)
  expect(other.isRunning).toBe(true)
})
