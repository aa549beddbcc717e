import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Writable } from 'node:stream'
import { type Command, createConcurrently, Logger, LogOutput } from 'concurrently'
import { backoffMs } from '../process/backoff.js'

/** A process to keep running. */
export interface ProcessSpec {
  name: string
  command: string
  env: Record<string, string>
  cwd: string
}

const restart = { baseMs: 500, capMs: 30_000 }
/** A process that lived so long begins its back-off anew. */
const steadyMs = 60_000
const ipcDescriptor = 3
const minPrefixWidth = 10

/**
 * Keeps processes running and their output apart, with `concurrently` for spawning and prefixes: a process
 * that ends is started again with back-off, and this is said.
 *
 * Each runs in a process group of its own. Else a Ctrl-C would reach all of them at once, Redis too, and
 * there would be no order in stopping; and a signal would end the shell around a command, not the command.
 */
export class Supervisor {
  readonly #logger = new Logger({ prefixFormat: 'name' })
  readonly #commands: Command[]
  readonly #failures = new Map<Command, number>()
  readonly #restarts = new Map<Command, NodeJS.Timeout>()
  #stopping = false
  #firstEnded: (exitCode: string) => void = () => {}
  /** Resolves with the exit code, or the signal, when for the first time one ends that was not asked to. */
  readonly firstEnd = new Promise<string>((resolve) => (this.#firstEnded = resolve))

  constructor(specs: ProcessSpec[]) {
    // The library takes none for a mistake.
    this.#commands = specs.length > 0 ? this.#spawn(specs) : []
  }

  /** Asks every process with SIGTERM to stop; kills what has not after `patienceMs`. Safe to call twice. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true
    for (const timer of this.#restarts.values()) clearTimeout(timer)
    const closed = Promise.all(this.#commands.filter(isRunning).map(untilClosed))
    for (const command of this.#commands) command.kill('SIGTERM')
    const deadline = setTimeout(() => this.#killRest(), patienceMs)
    await closed
    clearTimeout(deadline)
  }

  #spawn(specs: ProcessSpec[]): Command[] {
    const width = Math.max(minPrefixWidth, ...specs.map(({ name }) => name.length))
    const inputs = specs.map((spec) => ({ ...spec, name: spec.name.padEnd(width), ipc: ipcDescriptor }))
    const { commands, result } = createConcurrently(inputs, {
      spawn: (command, options) => spawn('/bin/sh', ['-c', command], { ...options, detached: true }),
      kill: (pid, signal) => killGroup(pid, signal),
      controllers: [new LogOutput({ logger: this.#logger }), { handle: (started) => this.#watch(started) }],
      logger: this.#logger,
      outputStream: createOutput(),
      prefixColors: ['cyan', 'yellow', 'magenta', 'green', 'blue', 'red'],
    })
    // Ends when all commands have; a failed one is no news to us.
    result.catch(() => undefined)
    return commands
  }

  #killRest(): void {
    for (const command of this.#commands.filter(isRunning)) {
      this.#say('does not stop, killing it', command)
      command.kill('SIGKILL')
    }
  }

  #watch(commands: Command[]): { commands: Command[] } {
    for (const command of commands) {
      command.close.subscribe(({ exitCode, timings }) =>
        this.#onClose(command, `${exitCode}`, timings.durationSeconds * 1000),
      )
    }
    return { commands }
  }

  #onClose(command: Command, exitCode: string, livedMs: number): void {
    if (this.#stopping) return
    this.#firstEnded(exitCode)
    const failures = livedMs >= steadyMs ? 1 : (this.#failures.get(command) ?? 0) + 1
    this.#failures.set(command, failures)
    const delayMs = backoffMs(failures, restart)
    if (!existsSync(command.cwd ?? '.')) this.#say(`its folder is gone: ${command.cwd}`, command)
    this.#say(`ended with ${exitCode}, starting it again in ${(delayMs / 1000).toFixed(1)} s`, command)
    this.#restarts.set(
      command,
      setTimeout(() => command.start(), delayMs),
    )
  }

  #say(text: string, command: Command): void {
    this.#logger.logCommandEvent(text, command)
  }
}

// The library throws at a stream that has failed, in the midst of stopping. Here, what nobody reads is dropped.
function createOutput(): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      process.stdout.write(chunk as Buffer)
      done()
    },
  })
}

const isRunning = (command: Command): boolean => command.process !== undefined

const untilClosed = (command: Command): Promise<void> =>
  new Promise((resolve) => command.close.subscribe(() => resolve()))

function killGroup(pid: number, signal = 'SIGTERM'): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Gone already.
  }
}
