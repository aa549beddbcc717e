import type { RedisOptions } from 'ioredis'

/** Where Redis is: what ioredis needs to connect, and a text that is safe to show (no password). */
export interface RedisTarget {
  options: RedisOptions
  shown: string
}

/** What {@link parseRedisUrl} accepts, for messages. */
export const redisUrlExpected =
  'redis://[[user]:password@]host[:port][/db], rediss:// for TLS, or unix:///path/to/socket[?db=n]'

/**
 * Reads a Redis URL.
 *
 * @throws {TypeError} with a message that never repeats the URL, for it may hold a password.
 */
export function parseRedisUrl(url: string): RedisTarget {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'unix:') return unixTarget(parsed)
  if ((parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:') && parsed.hostname) {
    return networkTarget(parsed)
  }
  throw new TypeError(`expected ${redisUrlExpected}`)
}

function networkTarget(url: URL): RedisTarget {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const options: RedisOptions = {
    host,
    port: Number(url.port || 6379),
    db: parseDb(url.pathname.slice(1)),
    ...(url.username && { username: decode(url.username) }),
    ...(url.password && { password: decode(url.password) }),
    // The name the certificate must carry; an address cannot be one (RFC 6066).
    ...(url.protocol === 'rediss:' && { tls: /^[\d.]+$|:/.test(host) ? {} : { servername: host } }),
  }
  return { options, shown: `${url.protocol}//${url.host}${url.pathname}` }
}

function unixTarget(url: URL): RedisTarget {
  const path = decode(url.pathname)
  if (!path.startsWith('/')) throw new TypeError(`expected ${redisUrlExpected}`)
  return { options: { path, db: parseDb(url.searchParams.get('db') ?? '') }, shown: `unix://${path}` }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError(`expected a percent sign to be written as %25, as in ${redisUrlExpected}`)
  }
}

function parseDb(text: string): number {
  if (!/^\d{0,4}$/.test(text)) throw new TypeError(`expected a database number, as in ${redisUrlExpected}`)
  return Number(text)
}
