import { AbortedError } from './aborted-error.js'
import type { Run } from './run.js'

/** What a handler gets beyond its timeout to heed its signal. */
const stuckAfterMs = 5000
const maxTimerMs = 2 ** 31 - 1

/**
 * Aborts a run at its timeout, if it has one, and says so when its handler does not heed that.
 *
 * @returns ends the limit; to be called when the handler has ended
 */
export function limitTime(run: Run, onStuck: (run: Run) => void): (() => void) | undefined {
  const { timeoutMs } = run
  if (timeoutMs === undefined) return undefined
  let timer = setTimeout(
    () => {
      run.abort(new AbortedError('timeout', `timed out after ${timeoutMs} ms`))
      timer = setTimeout(() => onStuck(run), stuckAfterMs)
    },
    Math.min(timeoutMs, maxTimerMs),
  )
  return () => clearTimeout(timer)
}
