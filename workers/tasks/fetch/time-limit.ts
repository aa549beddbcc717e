/**
 * Does some work under a signal that aborts with the given one, or when time is up. Once aborted it does not wait for
 * the work to notice.
 *
 * @throws what the work throws; the signal's reason; an error that tells the time was up
 */
export async function withTimeLimit<T>(
  limitMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeIsUp = new AbortController()
  const timer = setTimeout(() => timeIsUp.abort(new Error(`no answer within ${limitMs / 1000} s`)), limitMs)
  try {
    return await unlessAborted(AbortSignal.any([outer, timeIsUp.signal]), work)
  } finally {
    clearTimeout(timer)
  }
}

function unlessAborted<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    else void work(signal).then(resolve, reject)
  })
}
