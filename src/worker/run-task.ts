import type { Handler } from '../handlers/registry.js'
import { type TaskContext, type TaskSettings, UnrecoverableError } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { bytesOf, type StoredTask } from '../queue/envelope.js'
import type { Run } from './run.js'

export interface RunOptions {
  publicId: string
  log: Logger
  onProgress: (fraction: number, note: string) => void
  settings: TaskSettings
}

/**
 * Runs a handler on a task's data.
 *
 * @returns what the handler returns, which may be a promise
 * @throws what the handler throws; {@link UnrecoverableError} if the data is not what it takes
 */
export function runTask(run: Run, options: RunOptions): unknown {
  const { task, handler } = run
  const input = inputOf(task, handler)
  const mistakes = handler.mistakesIn(input)
  if (mistakes.length > 0) throw new UnrecoverableError(mistakes.join('; '))
  return handler.run(input, new Context(run, options))
}

// Most handlers ask for little of this: a logger and a signal for each task would cost more than to run it.
class Context implements TaskContext {
  readonly #run: Run
  readonly #options: RunOptions

  constructor(run: Run, options: RunOptions) {
    this.#run = run
    this.#options = options
  }

  get id(): string {
    return this.#options.publicId
  }

  get attempt(): number {
    return this.#run.attempt
  }

  get signal(): AbortSignal {
    return this.#run.signal
  }

  get progress() {
    const { onProgress } = this.#options
    return (fraction: number, note = '') => onProgress(Math.min(Math.max(fraction || 0, 0), 1), note)
  }

  get log(): Logger {
    const { log, publicId: task } = this.#options
    return log.child({ task, handler: this.#run.handler.name })
  }

  get settings(): TaskSettings {
    return this.#options.settings
  }
}

// A bare value is the input itself where its handler does not say otherwise.
function inputOf(task: StoredTask, { raw }: Handler): unknown {
  if (task.name !== '') return JSON.parse(task.data) as unknown
  const bytes = bytesOf(task)
  const value = bytes.toString()
  if (!raw) return value
  try {
    return raw(value, bytes)
  } catch (error) {
    throw new UnrecoverableError((error as Error).message, { cause: error })
  }
}
