import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import type { TestRedis } from './redis.js'

/** A way to a Redis, with a network in between that can be made to fail. */
export async function givenProxy(redis: TestRedis) {
  const pairs = new Set<[Socket, Socket]>()
  const server = createServer((near) => {
    const far = connect(redis.url.replace('unix://', ''))
    near.pipe(far).pipe(near)
    const pair: [Socket, Socket] = [near, far]
    pairs.add(pair)
    for (const socket of pair) {
      socket.on('error', () => undefined)
      socket.on('close', () => pair.forEach((each) => each.destroy()))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    for (const [near] of pairs) near.destroy()
  })
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** As if the other end had vanished without a word: what is connected stays so, and is silent for ever. */
    swallow() {
      for (const [near, far] of pairs) {
        near.unpipe(far)
        far.unpipe(near)
        near.resume()
      }
    },
  }
}
