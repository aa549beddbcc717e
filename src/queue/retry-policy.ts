import { backoffMs } from '../process/backoff.js'

/** How long to wait before each further attempt: exponential with jitter, always the same, or as listed. All in ms. */
export type Backoff =
  | { type: 'exponential'; baseMs: number; capMs: number }
  | { type: 'fixed'; delayMs: number }
  | { type: 'list'; delaysMs: number[] }

/** When a failed task is tried again, and how often in all. */
export interface RetryPolicy {
  attempts: number
  backoff: Backoff
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 3,
  backoff: { type: 'exponential', baseMs: 1000, capMs: 3_600_000 },
}

/**
 * The delay before the next attempt; undefined when the last one was the last.
 *
 * @param failed attempts that have failed, this one included
 */
export function retryDelayMs(
  { attempts, backoff }: RetryPolicy,
  failed: number,
  random = Math.random,
): number | undefined {
  if (failed >= attempts) return undefined
  switch (backoff.type) {
    case 'exponential':
      return backoffMs(failed, backoff, random)
    case 'fixed':
      return backoff.delayMs
    case 'list':
      return backoff.delaysMs[failed - 1] ?? backoff.delaysMs.at(-1) ?? 0
  }
}
