/** What {@link backoffMs} begins with, and what it never exceeds. */
export interface BackoffLimits {
  baseMs: number
  capMs: number
}

/**
 * Exponential backoff with jitter: between half and all of `baseMs · 2^(attempt-1)`, at most `capMs`.
 * The jitter keeps many clients that lost the same server from returning in step.
 *
 * @param attempt counted from 1
 */
export function backoffMs(attempt: number, { baseMs, capMs }: BackoffLimits, random = Math.random): number {
  const fullMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(fullMs / 2 + (fullMs / 2) * random())
}
