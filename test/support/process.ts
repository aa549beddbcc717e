import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished, vi } from 'vitest'
import { packageRoot } from '../../src/process/package-root.js'

/** A real process, as the Procfile runs it, from what was built. */
export class TestProcess {
  /** Output and errors, as they came. */
  readonly lines: string[] = []
  /** Those of them that went to standard error. */
  readonly errors: string[] = []
  readonly #process: ChildProcess
  readonly #exited: Promise<unknown[]>

  constructor(
    entrypoint: string,
    env: Record<string, string>,
    args: string[] = [],
    stdin: 'ignore' | 'pipe' = 'ignore',
  ) {
    this.#process = spawn(process.execPath, [join(packageRoot, 'dist', entrypoint), ...args], {
      env: { PATH: process.env.PATH, REDIS_SERVER: process.env.REDIS_SERVER, ...env },
      stdio: [stdin, 'pipe', 'pipe'],
    })
    // Not 'exit': its last lines may come after that.
    this.#exited = once(this.#process, 'close')
    const { stdout, stderr } = this.#process
    for (const stream of [stdout, stderr]) {
      if (stream) createInterface(stream).on('line', (line) => this.lines.push(line))
    }
    if (stderr) createInterface(stderr).on('line', (line) => this.errors.push(line))
  }

  get pid(): number {
    return this.#process.pid ?? NaN
  }

  /** Waits for a line of output that matches, and returns it. */
  async line(pattern: RegExp, timeoutMs = 20_000): Promise<string> {
    return vi.waitFor(
      () => {
        const line = this.lines.find((each) => pattern.test(each))
        if (line === undefined) throw new Error(`no line matches ${pattern} in:\n${this.lines.join('\n')}`)
        return line
      },
      { timeout: timeoutMs, interval: 20 },
    )
  }

  /** All lines so far that match. */
  matching(pattern: RegExp): string[] {
    return this.lines.filter((line) => pattern.test(line))
  }

  /** Writes to its standard input, which must be a pipe. */
  write(text: string): void {
    this.#process.stdin?.write(text)
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** What `| head` does when it has seen enough. */
  closeOutput(): void {
    this.#process.stdout?.destroy()
    this.#process.stderr?.destroy()
  }

  /** Waits for the end; the exit code, or the name of the signal that ended it. */
  async exit(): Promise<number | string> {
    const [code, signal] = (await this.#exited) as [number | null, string | null]
    return code ?? signal ?? 'unknown'
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }
}

/** Starts an entrypoint such as `workers/prodcons.js`; it is killed after the test if it still runs. */
export function givenProcess(
  entrypoint: string,
  env: Record<string, string>,
  args: string[] = [],
  stdin: 'ignore' | 'pipe' = 'ignore',
): TestProcess {
  const started = new TestProcess(entrypoint, env, args, stdin)
  onTestFinished(async () => {
    if (started.isRunning) started.signal('SIGKILL')
    await started.exit()
  })
  return started
}
