import { describe, expect, it, onTestFinished } from 'vitest'
import { givenProcess } from '../support/process.js'
import { givenProxy } from '../support/proxy.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const channel = 'task:pubsub:channel'

const givenWorker = (env: Record<string, string> = {}) =>
  givenProcess('workers/pubsub.js', { REDIS_URL: redis.url, WORKER_NAME: 'p1', ...env })

const subscribers = async (to: string) => (await redis.client.pubsub('NUMSUB', to))[1]

const untilHeard = (to = channel, count = 1) =>
  expect.poll(() => subscribers(to), { timeout: 20_000 }).toBe(count)

/** How often Redis has refused a subscription. */
async function refusals(): Promise<number> {
  const [, count] =
    /cmdstat_subscribe:.*rejected_calls=(\d+)/.exec(await redis.client.info('commandstats')) ?? []
  return Number(count)
}

describe('the pubsub worker', () => {
  it('prints what a foreign client publishes, with channel and worker', async () => {
    const worker = givenWorker()
    await untilHeard()
    expect(await redis.client.publish(channel, 'x')).toBe(1)
    await worker.line(/^Message get x {2}channel=task:pubsub:channel worker=p1$/)
  })

  it('listens on the channel that CHANNEL names', async () => {
    const worker = givenWorker({ CHANNEL: 'tc' })
    await untilHeard('tc')
    await redis.client.publish('tc', 'x')
    await worker.line(/^Message get x {2}channel=tc worker=p1$/)
    expect(await subscribers(channel)).toBe(0)
  })

  it('gets what is dispatched to it by name, and not what goes to another', async () => {
    const [one, two] = [givenWorker(), givenWorker({ WORKER_NAME: 'p2' })]
    await untilHeard(channel, 2)
    await untilHeard('task:dispatch:p2')
    await redis.client.publish('task:dispatch:p2', 'mine')
    await redis.client.publish(channel, 'everyone')
    await one.line(/^Message get everyone/)
    await two.line(/^Message get everyone/)
    expect(two.matching(/^Message get mine {2}channel=task:dispatch:p2 worker=p2$/)).toHaveLength(1)
    expect(one.matching(/mine/)).toEqual([])
  })

  it('subscribes again when its connection was cut', async () => {
    const worker = givenWorker()
    for (let cuts = 0; cuts < 3; cuts += 1) {
      await untilHeard()
      await redis.cut('pubsub')
    }
    await untilHeard()
    await untilHeard('task:dispatch:p1')
    await redis.client.publish(channel, 'after')
    expect(await worker.line(/^Message get after/)).toContain(channel)
  })

  it('subscribes again when Redis was away, and says once that it was and once that it is back', async () => {
    const worker = givenWorker()
    await untilHeard()
    await redis.kill()
    await worker.line(/out of reach/)
    await redis.start()
    await untilHeard()
    await redis.client.publish(channel, 'after')
    await worker.line(/^Message get after/)
    await worker.line(/Redis is back/)
    expect(worker.matching(/out of reach/)).toHaveLength(1)
    expect(worker.matching(/Redis is back/)).toHaveLength(1)
  })

  it('waits for a Redis that is not there at its start', async () => {
    await redis.kill()
    const worker = givenWorker()
    await worker.line(/out of reach/)
    await redis.start()
    await untilHeard()
    await redis.client.publish(channel, 'x')
    expect(await worker.line(/^Message get x/)).toContain(channel)
  })

  it('waits for a Redis that refuses it, says so once, and listens when it may', async () => {
    await redis.client.call('ACL', 'SETUSER', 'u', 'on', '>pw', '+@all', 'resetchannels')
    onTestFinished(async () => {
      await redis.client.call('ACL', 'DELUSER', 'u')
    })
    const { url } = await givenProxy(redis)
    const worker = givenWorker({ REDIS_URL: url.replace('//', '//u:pw@') })
    await worker.line(/"reason":"NOPERM.*Redis refuses the subscription/)
    await expect.poll(refusals, { timeout: 20_000 }).toBeGreaterThan(2)
    await redis.client.call('ACL', 'SETUSER', 'u', 'allchannels')
    await worker.line(/Redis accepts the subscription/)
    await worker.line(/"listening"/)
    await redis.client.publish(channel, 'x')
    await worker.line(/^Message get x/)
    expect(worker.matching(/refuses/)).toHaveLength(1)
  })

  it('waits for a Redis that refuses its password, and exits with 0 when told to stop', async () => {
    const { url } = await givenProxy(redis)
    const worker = givenWorker({ REDIS_URL: url.replace('//', '//nobody:wrong@') })
    await worker.line(/"reason":"WRONGPASS.*Redis refuses the subscription/)
    await worker.line(/out of reach/)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(worker.matching(/refuses/)).toHaveLength(1)
    expect(worker.matching(/"listening"/)).toEqual([])
  })

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('exits with 0 on %s', async (signal) => {
    const worker = givenWorker()
    await worker.line(/"listening"/)
    worker.signal(signal)
    expect(await worker.exit()).toBe(0)
    await untilHeard(channel, 0)
  })

  it('exits with 0 when it is told to stop before there was a Redis', async () => {
    await redis.kill()
    const worker = givenWorker()
    await worker.line(/out of reach/)
    worker.signal('SIGTERM')
    expect(await worker.exit()).toBe(0)
    expect(worker.matching(/"level":[56]0/)).toEqual([])
  })
})
