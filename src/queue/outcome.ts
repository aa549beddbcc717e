import type { Attempt, StoredTask } from './envelope.js'
import { defaultRetryPolicy, retryDelayMs, type RetryPolicy } from './retry-policy.js'
import { cut, toStoredError } from './stored-error.js'
import type { Outcome } from './task-consumer.js'

/** Most bytes of a result that are kept. */
const maxResult = 64 * 1024
const previewLength = 1024

/** The outcome of a handler that returned. A result that is too large is cut, and says so. */
export function succeeded(result: unknown): Outcome {
  const text = JSON.stringify(result ?? null) ?? 'null'
  const bytes = text.length * 3 <= maxResult ? text.length : Buffer.byteLength(text)
  if (bytes <= maxResult) return { kind: 'done', detail: text }
  const shown = { truncated: true, bytes, start: cut(text, previewLength) }
  return { kind: 'done', detail: JSON.stringify(shown) }
}

/** What is noted of an attempt besides its number and its error. */
export interface AttemptFacts extends Pick<Attempt, 'worker' | 'startedAt' | 'endedAt'> {
  /** Whether trying again could help; it could unless said otherwise. */
  canRetry?: boolean
  /** The handler's own, where the task says nothing else. */
  policy?: RetryPolicy | undefined
}

/**
 * The outcome of an attempt that failed, or whose worker died: tried again as its policy says, or dead.
 */
export function failed(
  task: StoredTask,
  thrown: unknown,
  { canRetry = true, policy = defaultRetryPolicy, ...facts }: AttemptFacts,
): Outcome {
  const attempt = { attempt: task.failed + 1, ...facts, error: toStoredError(thrown) }
  const { a: attempts = policy.attempts, b: backoff = policy.backoff } = task.options
  const delayMs = canRetry ? retryDelayMs({ attempts, backoff }, task.failed + 1) : undefined
  return delayMs === undefined ? { kind: 'dead', attempt } : { kind: 'retry', delayMs, attempt }
}
