import { once } from 'node:events'
import type { Socket } from 'node:net'
import { TooManyQueuesError } from '../queue/shared-consumers.js'
import { RedisUnavailableError, WrongTypeError } from '../redis/errors.js'
import { type Answerable, Client, type ClientOptions } from './client.js'
import type { Request } from './request.js'
import { RequestParser } from './request-parser.js'

export interface SessionOptions extends ClientOptions {
  /** Whether a user and a password, with a space between, let a client in; undefined lets everyone in. */
  isLogin: ((text: string) => boolean) | undefined
  /** The client speaks another protocol, and is hung up on. */
  onForeign: () => void
  /** Something went wrong that should not have. */
  onError: (error: unknown) => void
}

const maxValueBytes = 1024 * 1024
const maxLoginBytes = 1024
/** On a connection on which something should move and does not, for so long, nobody listens any more. */
const stuckAfterMs = 120_000

/** One connection: reads requests, and answers one after the other, no faster than the client reads the answers. */
export class Session {
  readonly #socket: Socket
  readonly #options: SessionOptions
  readonly #client: Client
  readonly #parser: RequestParser
  readonly #closed = new AbortController()
  #isLoggedIn: boolean
  #isBusy = false
  #isEnding = false

  constructor(socket: Socket, options: SessionOptions) {
    this.#socket = socket
    this.#options = options
    this.#client = new Client(options)
    this.#isLoggedIn = options.isLogin === undefined
    this.#parser = new RequestParser(this.#isLoggedIn ? maxValueBytes : maxLoginBytes)
    // What went wrong is told by reading or writing.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#closed.abort())
    socket.setTimeout(stuckAfterMs, () => this.#onSilence())
  }

  /** Serves the client until it goes, and gives back what it holds then. Never throws. */
  async run(): Promise<void> {
    try {
      await this.#serve()
      this.#socket.end()
    } catch (error) {
      if (!this.#closed.signal.aborted && !this.#socket.destroyed) this.#options.onError(error)
      this.#socket.destroy()
    } finally {
      // When the server stops, everything goes back at once, and it is nobody's fault.
      if (!this.#isEnding) await this.#client.leave()
    }
  }

  /** The client is let go as soon as it holds nothing and is answered. */
  end(): void {
    this.#isEnding = true
    if (!this.#isBusy && !this.#client.isHolding) this.destroy()
  }

  /** The client is let go at once. */
  destroy(): void {
    this.#socket.destroy()
  }

  async #serve(): Promise<void> {
    // A client may be done with sending and still wait for its answers.
    for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
      for (const request of this.#parser.push(chunk as Buffer)) {
        this.#isBusy = true
        const goOn = await this.#serveOne(request)
        this.#isBusy = false
        if (!goOn || (this.#isEnding && !this.#client.isHolding)) return
      }
    }
  }

  /** Whether there may be more. */
  async #serveOne(request: Request): Promise<boolean> {
    if (request.kind === 'quit') return false
    if (request.kind === 'foreign') {
      this.#options.onForeign()
      return false
    }
    const answer = await this.#answer(request)
    if (!request.quiet) await this.#write(`${answer}\r\n`)
    return true
  }

  async #answer(request: Answerable): Promise<string> {
    if (!this.#isLoggedIn) return this.#logIn(request)
    // Nothing more is given to a client that is about to be let go.
    if (this.#isEnding && request.kind === 'get') return 'END'
    try {
      return await this.#client.answer(request, (part) => this.#write(part))
    } catch (error) {
      return `SERVER_ERROR ${reasonIn(error)}`
    }
  }

  // As memcached has it: the value of the first `set` is "user password", whatever its key.
  #logIn(request: Answerable): string {
    if (request.kind !== 'set') return 'CLIENT_ERROR unauthenticated'
    this.#isLoggedIn = this.#options.isLogin?.(request.data.toString()) ?? true
    if (!this.#isLoggedIn) return 'CLIENT_ERROR authentication failure'
    this.#parser.maxBytes = maxValueBytes
    return 'STORED'
  }

  // Waits until the client has read what was written: meanwhile no request of it is read, nor anything else made for it.
  async #write(data: string | Buffer): Promise<void> {
    this.#closed.signal.throwIfAborted()
    if (!this.#socket.write(data)) await once(this.#socket, 'drain', { signal: this.#closed.signal })
  }

  // A client may be silent as long as it likes between two requests.
  #onSilence(): void {
    if (this.#parser.isMidway || this.#socket.writableLength > 0) this.destroy()
  }
}

function reasonIn(error: unknown): string {
  const isExpected = [RedisUnavailableError, WrongTypeError, TooManyQueuesError].some(
    (kind) => error instanceof kind,
  )
  if (!isExpected) throw error
  return (error as Error).message.replaceAll(/[\r\n]+/g, ' ')
}
