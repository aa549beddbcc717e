import { resolve } from 'node:path'
import type { Config } from '../config.js'
import { BadTaskError, checkTask } from '../handlers/intake.js'
import { loadHandlers } from '../handlers/registry.js'
import { packageRoot } from '../process/package-root.js'
import { type Given, type Option, UsageError } from './command.js'
import { jsonOption } from './options.js'

/** The options that {@link checkedJob} reads; `aboutTask` says what `--task` names. */
export const jobOptions = (aboutTask: string): Record<'task' | 'data', Option> => ({
  task: { type: 'string', hint: '<name>', about: aboutTask },
  data: { type: 'string', hint: '<json>', about: "the handler's input" },
})

/**
 * The job that `--task` and `--data` name, its data as JSON text, checked before anything is sent.
 *
 * @throws {UsageError} naming the field
 */
export async function checkedJob(
  given: Given,
  { tasksDir }: Config,
): Promise<{ task: string; data: string }> {
  const name = String(given.task)
  const handlers = await loadHandlers(resolve(packageRoot, tasksDir))
  try {
    const { task } = checkTask({ task: name, data: jsonOption(given, 'data') }, handlers)
    return { task: name, data: task.data }
  } catch (error) {
    if (error instanceof BadTaskError) throw new UsageError(`--${error.message}`, { cause: error })
    throw error
  }
}
