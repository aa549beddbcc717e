import { UnrecoverableError } from '../handlers/task.js'
import { type Attempt, type StoredTask, toStoredError } from '../queue/envelope.js'
import { defaultRetryPolicy, retryDelayMs } from '../queue/retry-policy.js'
import type { Outcome } from '../queue/task-consumer.js'

/** Most characters of a result that are kept. */
const maxResult = 64 * 1024
const previewLength = 1024

/** The outcome of a handler that returned. A result that is too large is cut, and says so. */
export function succeeded(result: unknown): Outcome {
  const text = JSON.stringify(result ?? null) ?? 'null'
  if (text.length <= maxResult) return { kind: 'done', detail: text }
  const cut = { truncated: true, length: text.length, start: text.slice(0, previewLength) }
  return { kind: 'done', detail: JSON.stringify(cut) }
}

/** The outcome of a handler that threw, or whose worker died: tried again as its policy says, or dead. */
export function failed(
  task: StoredTask,
  thrown: unknown,
  about: Omit<Attempt, 'attempt' | 'error'>,
): Outcome {
  const attempt = { attempt: task.failed + 1, ...about, error: toStoredError(thrown) }
  const { a: attempts = defaultRetryPolicy.attempts, b: backoff = defaultRetryPolicy.backoff } = task.options
  const delayMs =
    thrown instanceof UnrecoverableError ? undefined : retryDelayMs({ attempts, backoff }, task.failed + 1)
  return delayMs === undefined ? { kind: 'dead', attempt } : { kind: 'retry', delayMs, attempt }
}
