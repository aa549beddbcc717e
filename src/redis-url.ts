import type { RedisOptions } from 'ioredis'

/** Where Redis is: what ioredis needs to connect, and a text that is safe to show (no password). */
export interface RedisTarget {
  options: RedisOptions
  shown: string
  /** Some nodes of a Redis Cluster, where it is one; the options are then those of every node. */
  nodes?: RedisNode[]
}

/** Where one server is. */
export interface RedisNode {
  host: string
  port: number
}

/** What {@link parseRedisUrl} accepts, for messages. */
export const redisUrlExpected =
  'redis://[[user]:password@]host[:port][/db], rediss:// for TLS, several of them separated by commas for a Cluster, ' +
  'redis+sentinel://[[user]:password@]host[:port],…/master[/db], or unix:///path/to/socket[?db=n]'

/**
 * Reads a Redis URL.
 *
 * @throws {TypeError} with a message that never repeats the URL, for it may hold a password.
 */
export function parseRedisUrl(url: string): RedisTarget {
  if (/^rediss?\+sentinel:/.test(url)) return sentinelTarget(url)
  // A password may hold a comma.
  const urls = url.split(/,(?=rediss?:|$)/)
  return urls.length > 1 ? clusterTarget(urls.filter(Boolean)) : serverTarget(url)
}

function serverTarget(url: string): RedisTarget {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed?.protocol === 'unix:') return unixTarget(parsed)
  if ((parsed?.protocol === 'redis:' || parsed?.protocol === 'rediss:') && parsed.hostname) {
    return networkTarget(parsed)
  }
  throw new TypeError(`expected ${redisUrlExpected}`)
}

function networkTarget(url: URL): RedisTarget {
  const { host, port } = nodeIn(url, 6379)
  const options: RedisOptions = {
    host,
    port,
    db: parseDb(url.pathname.slice(1)),
    ...credentialsIn(url),
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

function clusterTarget(urls: string[]): RedisTarget {
  const targets = urls.map(serverTarget)
  // Each node is asked for by its own name.
  const [common, ...others] = targets.map(({ options: { username, password, tls } }) => {
    return { ...(username && { username }), ...(password && { password }), ...(tls && { tls: {} }) }
  })
  const isOne = others.every((other) => JSON.stringify(other) === JSON.stringify(common))
  if (!common || !isOne || targets.some(({ options }) => options.db !== 0 || options.path)) {
    throw new TypeError(
      `expected the nodes of a Cluster to have one user, one password, and no database, as in ${redisUrlExpected}`,
    )
  }
  const nodes = targets.map(({ options: { host = '', port = 6379 } }) => ({ host, port }))
  return { options: common, nodes, shown: targets.map(({ shown }) => shown).join() }
}

function sentinelTarget(url: string): RedisTarget {
  const [, scheme = '', credentials = '', hosts = '', name = '', db = '', query = ''] =
    /^(rediss?)\+sentinel:\/\/([^/?]*@)?([^/?@]+)\/([^/?]+)(?:\/(\d*))?(\?.*)?$/.exec(url) ?? []
  const urls = hosts.split(',').map((host) => `redis://${credentials}${host}${query}`)
  const [first, ...others] = urls.flatMap((each) => (URL.canParse(each) ? new URL(each) : []))
  if (!hosts || !first || others.length + 1 < urls.length) throw new TypeError(`expected ${redisUrlExpected}`)
  const secret = (key: string) => first.searchParams.get(key)
  const [sentinelUsername, sentinelPassword] = [secret('sentinelUsername'), secret('sentinelPassword')]
  const options: RedisOptions = {
    sentinels: [first, ...others].map((each) => nodeIn(each, 26_379)),
    name: decode(name),
    db: parseDb(db),
    ...credentialsIn(first),
    ...(sentinelUsername && { sentinelUsername }),
    ...(sentinelPassword && { sentinelPassword }),
    ...(scheme === 'rediss' && { tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true }),
  }
  return { options, shown: `${scheme}+sentinel://${hosts}/${name}` }
}

function nodeIn(url: URL, defaultPort: number): RedisNode {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
}

function credentialsIn({ username, password }: URL): Pick<RedisOptions, 'username' | 'password'> {
  return {
    ...(username && { username: decode(username) }),
    ...(password && { password: decode(password) }),
  }
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
