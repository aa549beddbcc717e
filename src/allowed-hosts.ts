import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

/** A host, or a range of addresses, that `fetch-url` may reach although it is private. */
export interface AllowedHost {
  /** A host name in lower case, or an address: the first of its range if there is a `prefix`. */
  host: string
  /** Length of the range's prefix in bits; without it the one address is meant. */
  prefix?: number
  /** Any port unless given. */
  port?: number
}

/** What {@link parseAllowedHosts} accepts, to end a sentence. */
export const allowedHostsExpected =
  'host names, addresses or ranges such as 10.0.0.0/8, each with a :port if you like, separated by commas'

/**
 * Reads a list such as `intranet:8080,10.0.0.0/8,[fd00::/8]:443,::1`.
 *
 * @returns undefined if any of it cannot be read
 */
export function parseAllowedHosts(text: string): AllowedHost[] | undefined {
  const hosts = text.split(',').map((entry) => parseAllowedHost(entry.trim()))
  return hosts.every((host) => host !== undefined) ? hosts : undefined
}

function parseAllowedHost(entry: string): AllowedHost | undefined {
  const { range, port } = splitPort(entry)
  const [host = '', prefix] = range.split(/\/(.*)/s)
  const name = isIP(host) ? host : toHostName(host)
  if (!name || (port !== undefined && !isNumberUpTo(65535, port))) return undefined
  if (prefix !== undefined && !isNumberUpTo(longestPrefix(name), prefix)) return undefined
  return {
    host: name,
    ...(prefix !== undefined && { prefix: Number(prefix) }),
    ...(port !== undefined && { port: Number(port) }),
  }
}

// An IPv6 address has colons of its own: a port after it needs brackets around it.
function splitPort(entry: string): { range: string; port?: string } {
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:[\]]+))(?::([^:]*))?$/.exec(entry) ?? []
  const range = bracketed ?? plain ?? entry
  return port === undefined ? { range } : { range, port }
}

// As URLs have it, so that what is compared is alike: an international name encoded, 127.1 written out.
function toHostName(host: string): string | undefined {
  const name = domainToASCII(host).replace(/\.$/, '')
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name) ? name : undefined
}

function longestPrefix(host: string): number {
  return { 0: -1, 4: 32, 6: 128 }[isIP(host)] ?? -1
}

function isNumberUpTo(maximum: number, digits: string): boolean {
  return /^\d{1,5}$/.test(digits) && Number(digits) <= maximum
}
