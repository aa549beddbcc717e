import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { ClientConnections } from '../../src/web/client-connections.js'

const silenceMs = 300

/** A server that ends a request as it is told, and a raw connection to it. */
async function givenConnection(handler: RequestListener) {
  const clients = new ClientConnections({ silenceMs })
  const server = clients.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  onTestFinished(() => {
    socket.destroy()
    server.close()
  })
  let received = ''
  socket.on('data', (text: string) => (received += text)).on('error', () => undefined)
  const closed = once(socket, 'close')
  return { clients, server, socket, closed, received: () => received }
}

const post = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'

it('a request that goes silent in its middle is ended', async () => {
  const { socket, closed, received } = await givenConnection((request) => request.resume())
  socket.write(`${post}3\r\nabc`)
  await closed
  expect(received()).toBe('')
})

it('a request and an answer that go on and on are not', async () => {
  const { socket, received } = await givenConnection((request, response) => {
    request.pipe(response)
  })
  socket.write(post)
  for (let tick = 0; tick < 10; tick++) {
    await sleep(silenceMs / 3)
    socket.write('1\r\n.\r\n')
  }
  socket.write('0\r\n\r\n')
  await expect.poll(() => received().match(/\.\r\n/g)).toHaveLength(10)
})

it('what is answered while the server closes is answered whole, and its connection not kept', async () => {
  const { clients, server, socket, closed, received } = await givenConnection((request, response) => {
    request.resume().on('end', () => response.end('done'))
  })
  socket.write(post)
  await once(server, 'request')
  clients.close(60_000)
  socket.write('0\r\n\r\n')
  await closed
  expect(received()).toMatch(/done/)
})
