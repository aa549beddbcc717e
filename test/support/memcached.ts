import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'
import { MemcachedServer, type MemcachedServerOptions } from '../../src/memcached/server.js'
import { queueStats } from '../../src/memcached/stats.js'
import { SharedConsumers } from '../../src/queue/shared-consumers.js'
import { ValueQueues } from '../../src/queue/value-queues.js'
import { Connections } from '../../src/redis/connections.js'
import { recordingLog } from './log.js'
import { givenProcess, type TestProcess } from './process.js'
import type { TestRedis } from './redis.js'

const retention = { resultTtlMs: 60_000, deadMax: 1000, deadTtlMs: 60_000 }
const lineEnd = '\r\n'

/** The real server on a real Redis, in the test's own process; stopped after the test. */
export async function givenMemcached(
  redis: TestRedis,
  { maxLength = 0, ...overrides }: Partial<MemcachedServerOptions> & { maxLength?: number } = {},
) {
  const { log, lines } = recordingLog()
  const connections = new Connections(redis.url, { log, fatal: () => undefined })
  await connections.ready(5000)
  const server = new MemcachedServer({
    values: new ValueQueues(connections.commands, { maxLength, maxBytes: 0 }),
    consumers: new SharedConsumers(connections.commands, { name: 'test', retention, log }),
    stats: () => queueStats(connections.commands),
    leaseMs: 3_600_000,
    token: undefined,
    graceMs: 0,
    log,
    ...overrides,
  })
  const { port } = await server.listen(0, '127.0.0.1')
  onTestFinished(async () => {
    await server.stop()
    connections.close()
  })
  return { port, server, lines, client: () => givenClient(port) }
}

/** The real process on a free port, or on that of one that ended. */
export async function givenMemcachedProcess(
  redis: TestRedis,
  env: Record<string, string> = {},
): Promise<{ process: TestProcess; port: number }> {
  const process = givenProcess('src/memcached.js', {
    REDIS_URL: redis.url,
    MEMCACHED_PORT: '0',
    LOG_FORMAT: 'json',
    ...env,
  })
  const line = await process.line(/serving memcached clients/)
  return { process, port: (JSON.parse(line) as { port: number }).port }
}

/** A client of no library: sends what it is told, and reads lines. */
export class MemcachedClient {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #more = () => {}

  constructor(port: number) {
    this.socket = connect(port, '127.0.0.1')
    this.socket.on('error', () => undefined)
    this.socket.on('close', () => this.#more())
    this.socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#more()
    })
  }

  /** Sends lines and reads the answer, up to its last line. */
  async ask(...lines: (string | Buffer)[]): Promise<string> {
    this.send(...lines)
    return this.answer()
  }

  send(...lines: (string | Buffer)[]): void {
    this.socket.write(Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from(lineEnd)])))
  }

  /** Stores a value. */
  set(key: string, value: string | Buffer, { flags = 0, exptime = 0 } = {}): Promise<string> {
    return this.ask(`set ${key} ${flags} ${exptime} ${Buffer.byteLength(value)}`, value)
  }

  /** The value that a `get` reserves; undefined if there is none. */
  async get(key: string): Promise<string | undefined> {
    return valueIn(await this.ask(`get ${key}`))
  }

  /** The next answer: a line, or values up to END. */
  async answer(): Promise<string> {
    let answer = ''
    for (;;) {
      const line = await this.line()
      answer += answer === '' ? line : `\n${line}`
      const [, , , bytes] = line.split(' ')
      if (line.startsWith('VALUE ')) answer += `\n${(await this.bytes(Number(bytes))).toString('latin1')}`
      else if (!line.startsWith('STAT ')) return answer
    }
  }

  async line(): Promise<string> {
    await this.#until(() => this.#received.includes(lineEnd))
    return this.#take(this.#received.indexOf(lineEnd)).toString('latin1')
  }

  async bytes(length: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= length + 2)
    return this.#take(length)
  }

  /** Resolves when the server has hung up. */
  async ended(): Promise<void> {
    if (!this.socket.closed) await once(this.socket, 'close')
  }

  close(): void {
    this.socket.destroy()
  }

  #take(length: number): Buffer {
    const taken = this.#received.subarray(0, length)
    this.#received = this.#received.subarray(length + lineEnd.length)
    return taken
  }

  async #until(isThere: () => boolean): Promise<void> {
    while (!isThere()) {
      if (this.socket.destroyed) throw new Error(`hung up; it had said: ${this.#received.toString('latin1')}`)
      await new Promise<void>((resolve) => (this.#more = resolve))
    }
  }
}

/** A connection; gone after the test. */
export async function givenClient(port: number): Promise<MemcachedClient> {
  const client = new MemcachedClient(port)
  onTestFinished(() => client.close())
  await once(client.socket, 'connect')
  return client
}

function valueIn(answer: string): string | undefined {
  return /^VALUE [^\n]*\n([^]*)\nEND$/.exec(answer)?.[1]
}
