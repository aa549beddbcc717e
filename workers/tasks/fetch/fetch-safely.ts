import type { IncomingMessage } from 'node:http'
import { UnrecoverableError } from '../../../src/handlers/task.js'
import { reachableAddresses, type Reach } from './address-guard.js'
import { redirected } from './redirect.js'
import { type Request, send } from './request.js'
import { type FetchResult, readResponse } from './response.js'
import { withTimeLimit } from './time-limit.js'

export interface FetchOptions extends Reach {
  signal: AbortSignal
  /** For the whole of it, redirects and body included. */
  timeLimitMs: number
  progress: (fraction: number) => void
}

const maxRedirects = 5
// "Not now", besides everything from 500 on.
const passing = new Set([408, 425, 429])

/**
 * Fetches a URL, each address on the way checked before it is connected to. Every status is a result but those that
 * ask to try again.
 *
 * @throws {UnrecoverableError} if trying again would not help: what it wants to reach is refused, or redirects too often
 * @throws {Error} for 408, 425, 429, 5xx, an answer that does not come, and a broken connection
 */
export function fetchSafely(request: Request, options: FetchOptions): Promise<FetchResult> {
  return withTimeLimit(options.timeLimitMs, options.signal, async (signal) => {
    try {
      return await follow(request, { ...options, signal })
    } catch (error) {
      throw error instanceof UnrecoverableError ? error : failure(request, error)
    }
  })
}

async function follow(request: Request, options: FetchOptions): Promise<FetchResult> {
  let current = request
  for (let count = 0; count <= maxRedirects; count += 1) {
    const addresses = await reachableAddresses(current.url, options)
    const response = await send(current, { addresses, signal: options.signal })
    const next = redirected(current, response)
    if (!next) return toResult(response, current.url, options)
    response.destroy()
    current = next
  }
  throw new UnrecoverableError(`url: it redirects more than ${maxRedirects} times`)
}

async function toResult(
  response: IncomingMessage,
  url: URL,
  { progress }: FetchOptions,
): Promise<FetchResult> {
  const { statusCode = 0, statusMessage = '' } = response
  if (statusCode >= 500 || passing.has(statusCode)) {
    response.destroy()
    throw new Error(`it answered ${statusCode} ${statusMessage}`.trimEnd())
  }
  return { ...(await readResponse(response, progress)), url: url.href }
}

// Without the query: that is where people put secrets.
function failure({ method, url }: Request, error: unknown): Error {
  const { message, code = 'failed' } = error as NodeJS.ErrnoException
  return new Error(`${method} ${url.origin}${url.pathname}: ${message || code}`, { cause: error })
}
