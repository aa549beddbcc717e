import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../process/log.js'
import type { SharedConsumers } from '../queue/shared-consumers.js'
import type { ClientOptions } from './client.js'
import { Session } from './session.js'

export interface MemcachedServerOptions extends Omit<ClientOptions, 'stats' | 'consumers'> {
  consumers: SharedConsumers
  /** Told how many clients there are and were. */
  stats: (connections: { now: number; total: number }) => ReturnType<ClientOptions['stats']>
  /** The password that clients are asked for, with any user name; undefined lets everyone in. */
  token: string | undefined
  graceMs: number
  log: Logger
}

/** Each may hold a value in memory. */
const maxConnections = 2000
/** Those that are only told that there are too many. */
const maxRefused = 100
/** After so much silence the system asks whether the other machine is still there. */
const keepAliveMs = 60_000
const backlog = 2048

/** Speaks memcached's text protocol over the queues: `set` enqueues, `get` reserves, `delete` acknowledges. */
export class MemcachedServer {
  readonly #options: MemcachedServerOptions
  readonly #server: Server
  readonly #sessions = new Map<Session, Promise<void>>()
  #total = 0

  constructor(options: MemcachedServerOptions) {
    this.#options = options
    const settings = {
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveMs,
    }
    this.#server = createServer(settings, (socket) => this.#onConnection(socket))
    this.#server.maxConnections = maxConnections + maxRefused
  }

  /** @returns where it listens @throws what the system says, as when the port is in use */
  async listen(port: number, host: string): Promise<AddressInfo> {
    this.#options.consumers.start()
    this.#server.listen({ port, host, backlog })
    await once(this.#server, 'listening')
    return this.#server.address() as AddressInfo
  }

  /**
   * Takes no more clients and gives nothing more out; clients that hold something get the grace period to acknowledge it.
   * Safe when it never listened, and twice.
   */
  async stop(): Promise<void> {
    this.#server.close()
    for (const session of this.#sessions.keys()) session.end()
    await Promise.race([this.#ended(), sleep(this.#options.graceMs, undefined, { ref: false })])
    for (const session of this.#sessions.keys()) session.destroy()
    await this.#ended()
    await this.#options.consumers.stop()
  }

  async #ended(): Promise<void> {
    await Promise.all(this.#sessions.values())
  }

  #onConnection(socket: Socket): void {
    if (this.#sessions.size >= maxConnections) return refuse(socket)
    this.#total += 1
    const { token, stats, log } = this.#options
    const session = new Session(socket, {
      ...this.#options,
      isLogin: token === undefined ? undefined : (text) => isLogin(text, token),
      stats: () => stats({ now: this.#sessions.size, total: this.#total }),
      onForeign: () =>
        log.warn({ from: socket.remoteAddress }, 'not the text protocol of memcached, hung up'),
      onError: (error) => log.error({ err: error }, 'unexpected error, hung up'),
    })
    const running = session.run().finally(() => this.#sessions.delete(session))
    this.#sessions.set(session, running)
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => undefined)
  socket.end('SERVER_ERROR too many open connections\r\n')
  socket.destroySoon()
}

// The token is the password, with any user name; hashed first, so that the comparison tells nothing of the length either.
function isLogin(text: string, token: string): boolean {
  const digest = (given: string) => createHash('sha256').update(given).digest()
  return timingSafeEqual(digest(text.slice(text.indexOf(' ') + 1)), digest(token))
}
