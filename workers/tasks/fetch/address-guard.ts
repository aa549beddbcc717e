import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { type TaskSettings, UnrecoverableError } from '../../../src/handlers/task.js'

type Address = ReturnType<typeof ipaddr.parse>
type FetchAllow = TaskSettings['fetchAllow']

/** Finds the addresses of a host name. */
export type Resolve = (host: string) => Promise<LookupAddress[]>

/** As every program on this machine resolves names, its hosts file included. */
export const resolveBySystem: Resolve = (host) => lookup(host, { all: true })

/** What may be reached, and how names are resolved. */
export interface Reach {
  fetchAllow: FetchAllow
  resolve: Resolve
}

// The only part of IPv6 that is given out for the public internet: it leaves out what no list has heard of yet.
const [publicIpv6, publicIpv6Prefix] = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Resolves a URL's host and makes sure that it is public, or allowed. Connect to these addresses and to no other:
 * resolved again, the same name could mean something else.
 *
 * @throws {UnrecoverableError} if any of its addresses is neither
 */
export async function reachableAddresses(url: URL, { fetchAllow, resolve }: Reach): Promise<LookupAddress[]> {
  const host = hostOf(url)
  const family = isIP(host)
  const addresses = family ? [{ address: host, family }] : await resolve(host)
  const allowed = fetchAllow.filter(({ port }) => port === undefined || port === portOf(url))
  if (allowed.some((entry) => entry.host === host)) return addresses
  for (const { address } of addresses) {
    const kind = kindOf(address)
    if (kind !== 'public' && !covers(allowed, address)) throw refused(url, kind)
  }
  return addresses
}

/** `public`, or the name of the special range that an address is in. */
export function kindOf(address: string): string {
  const parsed = ipaddr.parse(address)
  const range = parsed.range()
  if (range !== 'unicast') return range
  const isPublic = parsed.kind() === 'ipv4' || parsed.match(publicIpv6, publicIpv6Prefix)
  return isPublic ? 'public' : 'reserved'
}

// The address stays unsaid: who may order a fetch need not learn the names of an inner network.
function refused(url: URL, kind: string): UnrecoverableError {
  return new UnrecoverableError(`url: ${url.host} is a ${kind} address, which FETCH_ALLOW does not name`)
}

function covers(allowed: FetchAllow, address: string): boolean {
  const forms = formsOf(ipaddr.parse(address))
  return allowed.some(({ host, prefix }) => {
    if (isIP(host) === 0) return false
    const first = ipaddr.parse(host)
    const bits = prefix ?? first.toByteArray().length * 8
    return forms.some((form) => form.kind() === first.kind() && form.match(first, bits))
  })
}

// Mapped into IPv6 it is the same address.
function formsOf(address: Address): Address[] {
  const isMapped = address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()
  return isMapped ? [address, address.toIPv4Address()] : [address]
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}

function portOf({ port, protocol }: URL): number {
  return Number(port || (protocol === 'https:' ? 443 : 80))
}
