import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach } from 'vitest'

/** A real Redis of a test file's own, on a Unix socket in a temporary folder. */
export class TestRedis {
  readonly #folder = mkdtempSync(join(tmpdir(), 'servery-test-'))
  readonly #socket = join(this.#folder, 'redis.sock')
  readonly #appendfsync: string
  #process: ChildProcess | undefined
  #client: Redis | undefined

  /** @param appendfsync `always`: what was answered is on disk */
  constructor(appendfsync: 'always' | 'everysec' = 'everysec') {
    this.#appendfsync = appendfsync
  }

  /** What goes into REDIS_URL. */
  get url(): string {
    return `unix://${this.#socket}`
  }

  /** A foreign client: what redis-cli or a script in another language would do. */
  get client(): Redis {
    if (!this.#client) throw new Error('the test Redis is not started')
    return this.#client
  }

  /** Also after it was killed; does nothing while it runs. */
  async start(): Promise<void> {
    if (this.#isRunning) return
    const flags = ['--port', '0', '--unixsocket', this.#socket, '--dir', this.#folder, '--save', '']
    flags.push('--appendonly', 'yes', '--appendfsync', this.#appendfsync)
    this.#process = spawn(process.env.REDIS_SERVER ?? 'redis-server', flags, { stdio: 'ignore' })
    this.#client ??= new Redis(this.#socket, { maxRetriesPerRequest: null, retryStrategy: () => 20 }).on(
      'error',
      () => undefined,
    )
    await this.#client.ping()
  }

  /** SIGKILL: what was written to the append-only file is there after the next {@link start}. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** An orderly end. */
  async shutdown(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Cuts all connections of a kind but the foreign client's own. */
  async cut(kind: 'normal' | 'pubsub'): Promise<void> {
    await this.client.call('CLIENT', 'KILL', 'TYPE', kind)
  }

  /** Makes it hang: connections stay open, nothing is answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async remove(): Promise<void> {
    this.#client?.disconnect()
    await this.#end('SIGKILL')
    rmSync(this.#folder, { recursive: true, force: true })
  }

  get #isRunning(): boolean {
    return this.#process?.exitCode === null && this.#process.signalCode === null
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.#process || !this.#isRunning) return
    const exited = once(this.#process, 'exit')
    this.#process.kill(signal)
    await exited
  }
}

/** Gives a test file a Redis that is empty before each test and gone after the last. */
export function useRedis(appendfsync?: 'always'): TestRedis {
  const redis = new TestRedis(appendfsync)
  beforeAll(() => redis.start())
  beforeEach(async () => {
    await redis.start()
    await redis.client.flushall()
  })
  afterAll(() => redis.remove())
  return redis
}
