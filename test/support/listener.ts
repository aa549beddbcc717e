import { Redis } from 'ioredis'
import { onTestFinished } from 'vitest'
import type { TestRedis } from './redis.js'

/** A foreign subscriber: collects what is published to a channel; gone after the test. */
export async function givenListener(redis: TestRedis, channel: string) {
  const client = new Redis(redis.url.replace('unix://', ''))
  const messages: string[] = []
  client.on('message', (_channel, message: string) => messages.push(message))
  await client.subscribe(channel)
  const stop = () => client.disconnect()
  onTestFinished(stop)
  return { messages, stop }
}
