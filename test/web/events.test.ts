import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import request from 'supertest'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Hub } from '../../src/web/live/hub.js'
import type { LiveState } from '../../src/web/live/live.js'
import { channelName, givenApp, queueKey } from '../support/app.js'
import { givenListener } from '../support/listener.js'
import { useRedis } from '../support/redis.js'
import { openEvents } from '../support/sse.js'

const redis = useRedis()
const activityChannel = `{${queueKey}}:activity`

interface QueueEvent {
  name: string
  length: number | null
  subscribers: number | null
  problem: string | null
  at: number
}

const ofLength = (length: number) => (event: QueueEvent) => event.length === length

async function givenListeningApp() {
  const app = await givenApp({ redisUrl: redis.url })
  await vi.waitFor(async () => expect(await redis.client.pubsub('NUMPAT')).toBe(2))
  return app
}

describe('/events', () => {
  it('is a stream that no proxy may keep', async () => {
    const { response } = await openEvents(await givenListeningApp())
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toMatch(/^text\/event-stream/)
    expect(response.headers['cache-control']).toMatch(/no-cache|no-store/)
  })

  it('refuses a client that wants something else', async () => {
    const app = await givenListeningApp()
    await request(app.server).get('/events').set('accept', 'application/json').expect(406)
  })

  it('begins with a snapshot of all there is to show', async () => {
    await redis.client.lpush(queueKey, 'a', 'b')
    const app = await givenListeningApp()
    await givenListener(redis, channelName)
    await request(app.server).post('/pubsub').send({ message: 'seen before' }).expect(202)
    await request(app.server).post('/prodcons').send({ value: 'c' }).expect(202)
    // Served with a fresh look, so that a snapshot taken from now on must know of it.
    await vi.waitFor(async () => {
      const { text } = await request(app.server).get('/')
      expect(text).toContain('seen before')
      expect(text).toContain('by web')
    })

    const stream = await openEvents(app)
    await stream.next('snapshot')
    const [first] = stream.events
    expect(first?.event).toBe('snapshot')
    const { sample, feed, history } = first?.data as LiveState
    expect(sample).toMatchObject({ length: 3, subscribers: 1, problem: null })
    expect(feed).toEqual([
      expect.objectContaining({ kind: 'activity', action: 'pushed', value: 'c', count: 1, by: 'web' }),
      expect.objectContaining({ kind: 'message', channel: channelName, message: 'seen before' }),
    ])
    expect(history.length).toBeGreaterThan(0)
  })

  it("tells of a foreign client's push and pop, with the queue's name", async () => {
    const stream = await openEvents(await givenListeningApp())
    await stream.next('snapshot')
    const delaysMs: number[] = []
    for (let length = 1; length <= 10; length++) {
      const pushedAt = performance.now()
      await redis.client.lpush(queueKey, 'x')
      const { data, at } = await stream.next('queue', ofLength(length))
      delaysMs.push(Math.round(at - pushedAt))
      expect(data.name).toBe(queueKey)
    }
    console.log(`a foreign LPUSH is on the stream after ${delaysMs.join(', ')} ms (promised: 200)`)
    await redis.client.lpop(queueKey, 3)
    await stream.next('queue', ofLength(7))
  })

  it('tells when someone subscribes and unsubscribes, itself not counted', async () => {
    const stream = await openEvents(await givenListeningApp())
    await stream.next('snapshot')
    const { stop } = await givenListener(redis, channelName)
    await stream.next<QueueEvent>('queue', ({ subscribers }) => subscribers === 1)
    stop()
    await expect.poll(() => stream.named<QueueEvent>('queue').at(-1)?.data.subscribers).toBe(0)
  })

  it('tells what is pushed here and published anywhere', async () => {
    const app = await givenListeningApp()
    const stream = await openEvents(app)
    await request(app.server)
      .post('/prodcons')
      .send({ values: ['a', 'b'] })
      .expect(202)
    const { data: activity } = await stream.next('activity')
    expect(activity).toMatchObject({ action: 'pushed', queue: queueKey, by: 'web', count: 2, value: 'b' })
    await redis.client.publish(channelName, 'from afar')
    const { data: message } = await stream.next('message')
    expect(message).toMatchObject({ channel: channelName, message: 'from afar' })
  })

  it('tells what a worker took, and passes over what is not a report', async () => {
    const stream = await openEvents(await givenListeningApp())
    const report = { action: 'taken', queue: queueKey, by: 'w1', count: 1, value: 'x', at: 1 }
    await redis.client.publish(activityChannel, 'nonsense')
    await redis.client.publish(activityChannel, '{"action":"taken"}')
    await redis.client.publish(activityChannel, JSON.stringify(report))
    const { data } = await stream.next('activity')
    expect(data).toMatchObject(report)
    expect(stream.named('activity')).toHaveLength(1)
  })

  it('cuts long messages and leaves the rest of a flood out', async () => {
    const stream = await openEvents(await givenListeningApp())
    await redis.client.publish(channelName, 'x'.repeat(100_000))
    const { data } = await stream.next<{ message: string }>('message')
    expect(data.message).toBe(`${'x'.repeat(200)}…`)

    const flood = redis.client.pipeline()
    for (let i = 0; i < 5000; i++) flood.publish(channelName, String(i))
    await flood.exec()
    await redis.client.lpush(queueKey, 'after the flood')
    await stream.next('queue', ofLength(1))
    expect(stream.named('message').length).toBeLessThan(1000)
  })

  it('says why there are no numbers', async () => {
    await redis.client.set(queueKey, 'a string')
    const stream = await openEvents(await givenListeningApp())
    const { data } = await stream.next<QueueEvent>('queue', ({ problem }) => problem !== null)
    expect(data.problem).toContain('holds something that is not a list')
    expect(data.length).toBeNull()
  })

  it('ends its streams when the application closes', async () => {
    const app = await givenListeningApp()
    const streams = await Promise.all([openEvents(app), openEvents(app)])
    await Promise.all(streams.map((stream) => stream.next('snapshot')))
    await app.close()
    await expect.poll(() => streams.map(({ isEnded }) => isEnded)).toEqual([true, true])
  })
})

describe('many open pages', () => {
  it('cost Redis no more than one', async () => {
    const app = await givenListeningApp()
    const streams = await Promise.all(Array.from({ length: 100 }, () => openEvents(app)))
    await Promise.all(streams.map((stream) => stream.next('snapshot')))

    await redis.client.config('RESETSTAT')
    const since = performance.now()
    for (let length = 1; length <= 10; length++) {
      await redis.client.lpush(queueKey, 'x')
      await Promise.all(streams.map((stream) => stream.next('queue', ofLength(length))))
    }
    const looks = await callsOf('llen')
    const elapsedMs = performance.now() - since
    console.log(`100 open streams: ${looks} LLEN in ${Math.round(elapsedMs)} ms`)
    // One look each 100 ms, whoever watches; a slow machine only makes them fewer.
    expect(looks).toBeGreaterThan(0)
    expect(looks).toBeLessThanOrEqual(elapsedMs / 100 + 2)
  })
})

async function callsOf(command: string): Promise<number> {
  const stats = await redis.client.info('commandstats')
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
}

describe('a client that does not read', () => {
  it('is not buffered for without bound, and does not hold up one that reads', async () => {
    const { hub, responses, open } = await givenHub()
    const deaf = await open()
    deaf.pause()
    const hearing = await open()
    let heardBytes = 0
    hearing.on('data', (chunk: Buffer) => (heardBytes += chunk.length))

    const event = 'x'.repeat(100_000)
    let mostBuffered = 0
    for (let i = 1; i <= 200; i++) {
      hub.broadcast('message', event)
      mostBuffered = Math.max(mostBuffered, ...responses.map(({ writableLength }) => writableLength))
      await vi.waitFor(() => expect(heardBytes).toBeGreaterThan(event.length * i), { interval: 1 })
    }
    console.log(`a deaf client has ${Math.round(mostBuffered / 1024)} KiB of 20 MB buffered at most`)
    expect(mostBuffered).toBeLessThan(256 * 1024)
  })

  it('is let go when what waits for it is too much', async () => {
    const { hub, open } = await givenHub()
    const deaf = await open()
    deaf.pause()
    const closed = new Promise((resolve) => deaf.on('close', resolve))
    hub.broadcast('message', 'x'.repeat(20 * 1024 * 1024))
    hub.broadcast('message', 'x')
    await closed
    expect(hub.size).toBe(0)
  })
})

/** A hub behind a real HTTP server. */
async function givenHub() {
  const hub = new Hub()
  const responses: ServerResponse[] = []
  const server = createServer((_request, response) => {
    response.writeHead(200).flushHeaders()
    responses.push(response)
    hub.add(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    hub.close()
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const open = () =>
    new Promise<IncomingMessage>((resolve, reject) => {
      get({ port, host: '127.0.0.1', agent: false }, (response) => {
        response.on('error', () => undefined)
        resolve(response)
      }).on('error', reject)
    })
  return { hub, responses, open }
}
