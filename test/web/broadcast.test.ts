import request from 'supertest'
import { describe, expect, it } from 'vitest'
import type { RollCallResult } from '../../src/channel/roll-call.js'
import { messageOf } from '../support/answers.js'
import { channelName, givenApp } from '../support/app.js'
import { givenListener } from '../support/listener.js'
import { givenPubsubWorker, roll } from '../support/pubsub.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

async function givenBroadcast() {
  const app = await givenApp({ redisUrl: redis.url })
  const post = (body: unknown) =>
    request(app.server).post('/broadcast').set('content-type', 'application/json').send(JSON.stringify(body))
  return { app, post, call: async (body: object) => (await post(body).expect(200)).body as RollCallResult }
}

const givenWorker = (name: string, env?: Record<string, string>) => givenPubsubWorker(redis, name, env)

describe('POST /broadcast', () => {
  it('tells of each worker, by name, that it is done, and with what', async () => {
    await Promise.all(['2', '10'].map((name) => givenWorker(name)))
    const { call } = await givenBroadcast()
    const { broadcast, ...answer } = await call({
      task: 'echo',
      data: { message: { a: [] } },
      deadline: '20s',
    })
    expect(answer).toEqual({
      task: 'echo',
      receivers: 2,
      counts: { done: 2, failed: 0, received: 0, silent: 0 },
      workers: ['2', '10'].map((worker) => ({
        worker,
        id: expect.stringMatching(`^${worker}~`),
        state: 'done',
        ms: expect.any(Number),
        result: { a: [] },
      })),
    })
    expect(await redis.client.exists(`task:broadcast:${broadcast}`)).toBe(0)
  })

  it('tells who failed, and why', async () => {
    await givenWorker('1')
    const { call } = await givenBroadcast()
    expect(await call({ task: 'checksum', data: { file: 'nowhere' }, deadline: '20s' })).toMatchObject({
      counts: { done: 0, failed: 1 },
      workers: [
        { worker: '1', state: 'failed', error: { message: expect.stringContaining('no such file') } },
      ],
    })
  })

  it('tells who is still at it at the deadline, and who said nothing', async () => {
    const [, frozen] = await Promise.all(['busy', 'frozen'].map((name) => givenWorker(name)))
    frozen?.signal('SIGSTOP')
    const { call } = await givenBroadcast()
    const { counts, workers } = await call({ task: 'sleep', data: { seconds: 60 }, deadline: 1000 })
    expect(counts).toEqual({ done: 0, failed: 0, received: 1, silent: 1 })
    expect(workers).toMatchObject([
      { worker: 'busy', state: 'received' },
      { worker: 'frozen', state: 'silent' },
    ])
  })

  it('tells two workers of one name apart', async () => {
    await givenWorker('twin')
    await givenWorker('twin')
    const { call } = await givenBroadcast()
    const { workers } = await call({ task: 'echo', data: { message: 1 }, deadline: '20s' })
    expect(workers).toMatchObject([
      { worker: 'twin', state: 'done' },
      { worker: 'twin', state: 'done' },
    ])
    expect(new Set(workers.map(({ id }) => id)).size).toBe(2)
  })

  it('answers at once when nobody lives', async () => {
    const { call } = await givenBroadcast()
    const { workers } = await call({ task: 'echo', data: { message: 1 }, deadline: '60s' })
    expect(workers).toEqual([])
  })

  it('takes a foreign worker that answers into the roll-call, and no nonsense', async () => {
    const { call } = await givenBroadcast()
    const { messages } = await givenListener(redis, channelName)
    await redis.client.zadd('{task:pubsub:channel}:workers', 9e15, 'python')
    const calling = call({ task: 'echo', data: { message: 1 }, deadline: '20s' })
    await expect.poll(() => messages).toHaveLength(1)
    const { broadcast } = JSON.parse(messages[0] ?? '') as { broadcast: string }
    const answer = (text: string) => redis.client.rpushx(`task:broadcast:${broadcast}`, text)
    for (const text of ['', 'null', '{"worker":7}', '{"worker":"python","state":"?"}']) await answer(text)
    await answer('{"worker":"python","state":"done","result":2}')
    expect((await calling).workers).toEqual([{ worker: 'python', id: 'python', state: 'done', result: 2 }])
  })

  it('still hears of a worker that was cut off while it worked', async () => {
    await givenWorker('1')
    const { call } = await givenBroadcast()
    const { messages } = await givenListener(redis, channelName)
    const calling = call({ task: 'sleep', data: { seconds: 1 }, deadline: '20s' })
    await expect.poll(() => messages).toHaveLength(1)
    await redis.cut('normal')
    expect((await calling).workers).toMatchObject([{ worker: '1', state: 'done', result: { slept: 1 } }])
  })

  it.each<[unknown, string]>([
    [{}, 'body.task: expected, but missing'],
    [{ task: 7 }, 'body.task: expected to be string'],
    [{ task: 'nope' }, 'task: expected one of'],
    [{ task: 'sleep', data: { seconds: 'x' } }, 'data.seconds: expected to be number'],
    [{ task: 'echo', data: { message: 1 }, deadline: '2m' }, 'deadline: expected a duration'],
    [{ task: 'echo', data: { message: 1 }, deadline: ['1'] }, 'a minute at most, got ["1"]'],
    [{ task: 'echo', data: { message: 1 }, deadline: -1 }, 'got -1'],
    [{ task: 'echo', to: '1' }, 'body.to: there is no such field'],
    [null, 'body: expected to be object'],
  ])('refuses %j before anything is sent', async (body, message) => {
    const { post } = await givenBroadcast()
    const { messages } = await givenListener(redis, channelName)
    expect(messageOf(await post(body).expect(400))).toContain(message)
    await redis.client.publish(channelName, 'the only one')
    await expect.poll(() => messages).toEqual(['the only one'])
  })

  it('answers 503 when Redis is away', async () => {
    const { post } = await givenBroadcast()
    await redis.kill()
    await post({ task: 'echo', data: { message: 1 } }).expect(503)
  })
})

describe('a pubsub worker on the roll', () => {
  it('leaves it when told to stop', async () => {
    const worker = await givenWorker('1')
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(await roll(redis)).toEqual([])
  })

  it('is gone from a roll-call that waits for it when it was killed', { timeout: 40_000 }, async () => {
    const worker = await givenWorker('1')
    const { call } = await givenBroadcast()
    const calling = call({ task: 'sleep', data: { seconds: 60 }, deadline: '7s' })
    await worker.line(/^Message get/)
    worker.signal('SIGKILL')
    expect((await calling).workers).toMatchObject([{ worker: '1', gone: true }])
  })
})
