import type { Handler } from '../handlers/registry.js'
import { type TaskContext, type TaskSettings, UnrecoverableError } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { bytesOf, type StoredTask } from '../queue/envelope.js'

/** One task that is being run. */
export interface Run {
  readonly task: StoredTask
  readonly queue: number
  readonly row: number
  readonly startedAt: number
  readonly controller: AbortController
  /** Set once its outcome is no longer ours to record. */
  revoked: boolean
  /** Resolves when the handler has ended. */
  ended: Promise<void>
}

export interface RunOptions {
  publicId: string
  log: Logger
  onProgress: (fraction: number, note: string) => void
  settings: TaskSettings
}

/**
 * Runs a handler on a task's data.
 *
 * @throws what the handler throws; {@link UnrecoverableError} if the data is not what it takes
 */
export async function runTask(
  handler: Handler,
  { task, controller }: Run,
  options: RunOptions,
): Promise<unknown> {
  const input = inputOf(task, handler)
  const mistakes = handler.mistakesIn(input)
  if (mistakes.length > 0) throw new UnrecoverableError(mistakes.join('; '))
  const context: TaskContext = {
    id: options.publicId,
    attempt: task.failed + 1,
    signal: controller.signal,
    progress: (fraction, note = '') => options.onProgress(Math.min(Math.max(fraction || 0, 0), 1), note),
    log: options.log,
    settings: options.settings,
  }
  return handler.run(input, context)
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
