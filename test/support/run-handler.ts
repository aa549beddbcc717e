import type { AllowedHost } from '../../src/allowed-hosts.js'
import { toHandler } from '../../src/handlers/registry.js'
import type { Task } from '../../src/handlers/task.js'
import type { Run } from '../../src/worker/run.js'
import { runTask } from '../../src/worker/run-task.js'
import { recordingLog } from './log.js'

export interface RunCircumstances {
  dataDir?: string
  fetchAllow?: AllowedHost[]
  controller?: AbortController
  progress?: (fraction: number) => void
}

/** Runs a handler on an input as a worker does, and returns its result. */
export async function runHandler(
  task: unknown,
  input: unknown,
  { dataDir = '/nowhere', fetchAllow = [], controller, progress = () => undefined }: RunCircumstances = {},
): Promise<unknown> {
  const { signal } = controller ?? new AbortController()
  const handler = toHandler('tested', task as Task)
  const run = { handler, task: { data: JSON.stringify(input), failed: 0 }, attempt: 1, signal }
  return runTask(run as Run, {
    publicId: 'a-task',
    log: recordingLog().log,
    onProgress: progress,
    settings: { dataDir, fetchAllow },
  })
}
