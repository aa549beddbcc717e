import type { IncomingMessage } from 'node:http'
import { UnrecoverableError } from '../../../src/handlers/task.js'
import { mistakeInUrl } from './input.js'
import type { Request } from './request.js'

const redirects = new Set([301, 302, 303, 307, 308])
const aboutBody = new Set(['content-encoding', 'content-language', 'content-location', 'content-type'])
const credentials = new Set(['authorization', 'cookie'])

/**
 * The request that a response redirects to, as the Fetch standard has it (https://fetch.spec.whatwg.org,
 * HTTP-redirect fetch), or undefined if it is no redirect.
 *
 * @throws {UnrecoverableError} if it leads to what cannot be fetched
 */
export function redirected(
  request: Request,
  { statusCode = 0, headers }: IncomingMessage,
): Request | undefined {
  if (!redirects.has(statusCode) || headers.location === undefined) return undefined
  const url = target(headers.location, request.url)
  const next = becomesGet(request.method, statusCode)
    ? { method: 'GET', body: undefined, headers: without(aboutBody, request.headers) }
    : request
  const isElsewhere = url.origin !== request.url.origin
  return { ...next, url, headers: isElsewhere ? without(credentials, next.headers) : next.headers }
}

function target(location: string, base: URL): URL {
  const url = URL.canParse(location, base.href) ? new URL(location, base).href : location
  const mistake = mistakeInUrl(url)
  if (mistake) throw new UnrecoverableError(`url: it redirects to something else than ${mistake}`)
  return new URL(url)
}

function becomesGet(method: string, status: number): boolean {
  if (status === 303) return method !== 'GET' && method !== 'HEAD'
  return method === 'POST' && (status === 301 || status === 302)
}

function without(names: Set<string>, headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name)))
}
