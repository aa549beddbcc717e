import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Longer than the longest `?wait=`, a minute in which nothing goes over the connection. */
const defaultSilenceMs = 120_000
/** Fastify's own default: longer than the minute for which proxies keep a connection to use it again. */
const keepAliveMs = 72_000

/**
 * The connections of those who send requests: ended after two minutes of silence, and when the application closes.
 *
 * There is no bound on a request as a whole, for event streams and NDJSON go on for as long as someone likes; headers
 * must be complete within a minute, which is Node's own bound. That an application which closes must not wait for a
 * connection without a request is for us to see to: to Node one that has sent nothing yet is not idle.
 */
export class ClientConnections {
  readonly #silenceMs: number
  /** How many requests of each connection are not answered yet. */
  readonly #underWay = new Map<Socket, number>()
  #isClosing = false

  constructor({ silenceMs = defaultSilenceMs } = {}) {
    this.#silenceMs = silenceMs
  }

  /** For Fastify's `serverFactory`; it makes two servers where `localhost` has two addresses. */
  createServer(handler: RequestListener): Server {
    const server = createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: 0, headersTimeout: 60_000 })
    server.setTimeout(this.#silenceMs)
    server.on('connection', (socket: Socket) => this.#welcome(socket))
    const onAnswered = this.#onAnswered()
    server.on('request', ({ socket }, response) => {
      this.#count(socket, 1)
      response.on('close', onAnswered)
    })
    return server.on('request', handler)
  }

  /** Ends what carries no request at once, the rest as it is answered, and whatever is left after `graceMs`. */
  close(graceMs: number): void {
    this.#isClosing = true
    for (const [socket, requests] of this.#underWay) if (requests === 0) socket.destroy()
    setTimeout(() => this.#underWay.forEach((_, socket) => socket.destroy()), graceMs).unref()
  }

  #welcome(socket: Socket): void {
    this.#underWay.set(socket, 0)
    socket.once('close', () => this.#underWay.delete(socket))
    if (this.#isClosing) socket.destroy()
  }

  // One listener for all answers: each emits `close` once.
  #onAnswered(): (this: ServerResponse) => void {
    const count = (socket: Socket) => this.#count(socket, -1)
    return function () {
      count(this.req.socket)
    }
  }

  #count(socket: Socket, change: 1 | -1): void {
    const requests = this.#underWay.get(socket)
    if (requests === undefined) return
    this.#underWay.set(socket, requests + change)
    if (this.#isClosing && requests + change === 0) socket.destroySoon()
  }
}
