import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { Session } from '../../src/memcached/session.js'
import { givenClient } from '../support/memcached.js'

/** A session, and what is told of it; nothing is behind it. */
async function givenSession() {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  const client = await givenClient((server.address() as AddressInfo).port)
  const [socket] = await connected
  const errors: unknown[] = []
  const session = new Session(socket, {
    values: { enqueue: () => Promise.reject(new Error('a mistake of ours')) },
    consumers: {
      reserve: async () => undefined,
      acknowledge: async () => false,
      giveBack: async () => undefined,
    },
    stats: async () => [],
    leaseMs: 1000,
    isLogin: undefined,
    onForeign: () => undefined,
    onError: (error) => errors.push(error),
  })
  return { client, socket, errors, running: session.run() }
}

it('is not ended for its silence between requests', async () => {
  const { client, socket } = await givenSession()
  expect(await client.ask('get a')).toBe('END')
  socket.emit('timeout')
  expect(await client.ask('get a')).toBe('END')
})

it('is ended when the rest of a request does not come', async () => {
  const { client, socket, running } = await givenSession()
  client.socket.write('set a 0 0 10\r\nhalf')
  await eventuallyRead(socket)
  socket.emit('timeout')
  await client.ended()
  await running
  expect(socket.destroyed).toBe(true)
})

it('is ended, and that is told, when something happens that should not', async () => {
  const { client, errors, running } = await givenSession()
  client.send('set a 0 0 1', 'x')
  await client.ended()
  await running
  expect(errors).toMatchObject([{ message: 'a mistake of ours' }])
})

async function eventuallyRead(socket: Socket): Promise<void> {
  while (socket.bytesRead === 0 || socket.readableLength > 0) await new Promise(setImmediate)
}
