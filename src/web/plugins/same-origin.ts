import createError from '@fastify/error'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isLoopback } from '../../loopback.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A GET that does something nevertheless, as the demo's links do. */
    changesState?: boolean
  }
}

const CrossSiteError = createError('CROSS_SITE', 'refused: a page of another site sent this request', 403)
const PrefetchError = createError('PREFETCH', 'refused: a prefetch must not change anything', 403)
const HostError = createError(
  'HOST_NOT_ALLOWED',
  'refused: expected a loopback host name, got %s; set AUTH_TOKEN, or ALLOW_ANONYMOUS=1 to accept any',
  403,
)

export interface SameOriginOptions {
  /** Refuse host names other than this machine's own. */
  loopbackOnly: boolean
}

/**
 * Refuses what a browser sends without its user's will.
 *
 * - Requests that change something and come from a page of another origin: by Fetch Metadata, or by Origin
 *   where a browser sends none (as Go's `http.CrossOriginProtection` does it). Programs send neither.
 * - Prefetches of links that do something.
 * - With `loopbackOnly`, any request for a foreign host name: a page whose name was made to resolve to
 *   127.0.0.1 (DNS rebinding) would count as same origin.
 */
export const sameOrigin = fp(
  async (app: FastifyInstance, { loopbackOnly }: SameOriginOptions) => {
    app.addHook('onRequest', (request, _reply, done) => done(mistakeIn(request, loopbackOnly)))
  },
  { name: 'same-origin' },
)

function mistakeIn(request: FastifyRequest, loopbackOnly: boolean): Error | undefined {
  if (loopbackOnly && !isOwn(request.hostname)) return new HostError(request.hostname || 'none')
  if (!changesState(request)) return undefined
  if (isCrossOrigin(request)) return new CrossSiteError()
  return isPrefetch(request) ? new PrefetchError() : undefined
}

const isOwn = (hostname: string): boolean => isLoopback(hostname.replace(/^\[|\]$/g, '').toLowerCase())

function changesState(request: FastifyRequest): boolean {
  return (
    !['GET', 'HEAD', 'OPTIONS'].includes(request.method) || request.routeOptions.config.changesState === true
  )
}

function isCrossOrigin(request: FastifyRequest): boolean {
  const { headers } = request
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  if (headers.origin === undefined) return false
  return !URL.canParse(headers.origin) || new URL(headers.origin).host !== request.host
}

function isPrefetch({ headers }: FastifyRequest): boolean {
  const purposes = [headers['sec-purpose'], headers.purpose, headers['x-moz'], headers['x-purpose']]
  return purposes.some((purpose) => purpose && /prefetch|prerender|preview/i.test(String(purpose)))
}
