import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import getPort from 'get-port'
import { Redis, type RedisOptions } from 'ioredis'
import { onTestFinished, vi } from 'vitest'

export type FlagsFor = (port: number, folder: string) => string[]

/** The flags of a server that keeps its data in memory alone. */
export const inMemory: FlagsFor = (port, folder) => [
  ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder],
  ...['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'],
]

/** A real redis-server on a port of loopback, with whatever settings a test needs, in a folder of its own. */
export class ServerProcess {
  readonly #flags: string[]
  readonly #client: Redis
  #process: ChildProcess

  private constructor(
    readonly port: number,
    readonly folder: string,
    { flags, client }: { flags: string[]; client: RedisOptions },
  ) {
    this.#flags = flags
    this.#process = this.#spawn()
    const retrying = { maxRetriesPerRequest: null, retryStrategy: () => 20 }
    this.#client = new Redis({ host: '127.0.0.1', port, ...retrying, ...client }).on('error', () => undefined)
  }

  /**
   * Starts one and waits until it answers; it is gone after the test.
   *
   * @param flagsFor its flags, for its port and its folder
   */
  static async start(flagsFor: FlagsFor, client: RedisOptions = {}): Promise<ServerProcess> {
    const port = await getPort({ host: '127.0.0.1', port: freePorts() })
    const folder = mkdtempSync(join(tmpdir(), 'servery-test-'))
    const server = new ServerProcess(port, folder, { flags: flagsFor(port, folder), client })
    onTestFinished(() => server.remove())
    if (await Promise.race([server.client.ping(), once(server.#process, 'exit').then(() => false)]))
      return server
    // Another test's server was quicker to take one of its ports.
    await server.remove()
    return ServerProcess.start(flagsFor, client)
  }

  /** A foreign client. */
  get client(): Redis {
    return this.#client
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** Again after it was killed, with what it then had on disk. */
  restart(): void {
    if (!this.isRunning) this.#process = this.#spawn()
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (!this.isRunning) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  /** Makes it hang: connections stay open, nothing is answered. */
  freeze(): void {
    this.#process.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process.kill('SIGCONT')
  }

  async remove(): Promise<void> {
    this.#client.disconnect()
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    return spawn(process.env.REDIS_SERVER ?? 'redis-server', this.#flags, { stdio: 'ignore' })
  }
}

// A node of a Cluster listens on a second port, 10000 above: among these it meets no other.
function* freePorts(): Generator<number> {
  const first = 10_000 + Math.floor(Math.random() * 9000)
  for (let port = first; port < 20_000; port += 1) yield port
}

/** Waits until a server says this of itself. */
export async function untilInfo(client: Redis, section: string, pattern: RegExp): Promise<void> {
  await vi.waitFor(
    async () => {
      const info = await client.info(section)
      if (!pattern.test(info)) throw new Error(`${pattern} is not in ${info}`)
    },
    { timeout: 20_000, interval: 20 },
  )
}
