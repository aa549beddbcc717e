import { mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { onTestFinished, vi } from 'vitest'
import { givenProcess, type TestProcess } from './process.js'

/** What `npm start` runs after setting up, on a data folder of the test's own, with the page on a free port. */
export class StartSite {
  readonly dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'servery-start-')))
  /** Where the private Redis works. */
  readonly redisDir = join(this.dataDir, 'redis')

  start(args: string[] = [], env: Record<string, string> = {}): TestProcess {
    return givenProcess('src/start.js', { DATA_DIR: this.dataDir, PORT: '0', ...env }, args)
  }

  /** Every process that runs on this data folder, by id: start.js and all that it started. */
  processes(pattern = /./): number[] {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0 && this.#owns(pid) && pattern.test(read(`/proc/${pid}/cmdline`)))
  }

  // redis-server writes its title over its environment, but it works in the folder.
  #owns(pid: number): boolean {
    if (workingFolder(pid) === this.redisDir) return true
    return read(`/proc/${pid}/environ`).split('\0').includes(`DATA_DIR=${this.dataDir}`)
  }

  get port(): number {
    return Number(readFileSync(join(this.redisDir, 'redis.port'), 'utf8'))
  }

  /** A foreign client of the private Redis. */
  client(): Redis {
    const client = new Redis(this.port, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
    client.on('error', () => undefined)
    onTestFinished(() => client.disconnect())
    return client
  }

  async remove(): Promise<void> {
    for (const pid of this.processes()) kill(pid)
    await vi.waitUntil(() => this.processes().length === 0, { timeout: 10_000 })
    rmSync(this.dataDir, { recursive: true, force: true })
  }
}

/** A place to start in; nothing of it is left after the test. */
export function givenSite(): StartSite {
  const site = new StartSite()
  onTestFinished(() => site.remove())
  return site
}

export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

function workingFolder(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
