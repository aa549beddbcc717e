import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** An HTTP server of the test's own on 127.0.0.1. */
export interface TestHttpServer {
  port: number
  url: string
  /** What was asked of it, in order. */
  requests: IncomingMessage[]
  /** Resolves when a connection to it has ended. */
  disconnected: Promise<unknown>
}

/** Serves until the test is over, whatever is still open then. */
export async function givenHttpServer(answer: RequestListener): Promise<TestHttpServer> {
  const requests: IncomingMessage[] = []
  const server = createServer((request, response) => {
    requests.push(request)
    answer(request, response)
  }).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const disconnected = new Promise((resolve) => {
    server.on('connection', (socket) => socket.on('close', resolve))
  })
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}`, requests, disconnected }
}

/** A server that answers with what it was sent. */
export function givenMirror(): Promise<TestHttpServer> {
  return givenHttpServer((request, response) => {
    const { method, url, headers } = request
    void text(request).then((body) => response.end(JSON.stringify({ method, url, headers, body })))
  })
}
