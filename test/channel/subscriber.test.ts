import { once } from 'node:events'
import { expect, it, onTestFinished, vi } from 'vitest'
import { Subscriber } from '../../src/channel/subscriber.js'
import { Connections } from '../../src/redis/connections.js'
import { givenFakeRedis } from '../support/fake-redis.js'
import { recordingLog } from '../support/log.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

function givenSubscriber(url: string) {
  const { log } = recordingLog()
  const connections = new Connections(url, { log, fatal: () => undefined })
  const connection = connections.waiting()
  const subscriber = new Subscriber(connection, log)
  onTestFinished(async () => {
    await subscriber.stop()
    connections.close()
  })
  return { subscriber, ended: once(connection, 'end') }
}

it.each(['subscribe', 'subscribePatterns'] as const)('%s holds beyond a lost connection', async (how) => {
  const { subscriber } = givenSubscriber(redis.url)
  const messages: string[] = []
  await subscriber[how](['news'], (_channel, message) => messages.push(message))
  await redis.client.call('CLIENT', 'KILL', 'TYPE', 'pubsub')
  await vi.waitFor(async () => {
    await redis.client.publish('news', 'heard again')
    expect(messages).toContain('heard again')
  })
})

it('may be stopped while it subscribes anew, and nothing is left that could end the process', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => {
    process.off('unhandledRejection', note)
  })

  const silentTo = new Set<string>()
  const fake = await givenFakeRedis({ silentTo })
  const { subscriber, ended } = givenSubscriber(fake.url)
  await subscriber.subscribePatterns(['news'], () => undefined)
  silentTo.add('psubscribe')
  fake.received.length = 0
  fake.disconnect()
  await expect.poll(() => fake.received).toContain('psubscribe')
  await subscriber.stop()
  await ended
  await new Promise(setImmediate)
  expect(unhandled).toEqual([])
})
