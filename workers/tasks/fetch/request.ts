import type { LookupAddress } from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { FetchData } from './input.js'

/** A request as it is about to be sent. */
export interface Request {
  url: URL
  method: string
  /** Names in lower case. */
  headers: Record<string, string>
  body: string | undefined
}

/** Where a request is to connect to, and until when it matters. */
export interface Connection {
  addresses: LookupAddress[]
  signal: AbortSignal
}

const maxHeaderSize = 16 * 1024

const defaultHeaders = {
  accept: '*/*',
  // What is compressed could be far larger than it looks.
  'accept-encoding': 'identity',
  'user-agent': 'servery',
}

/** The request that an input asks for. */
export function toRequest({ url, method, headers = {}, body }: FetchData): Request {
  const isText = typeof body === 'string'
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  return {
    url: new URL(url),
    method: method?.toUpperCase() ?? (body ? 'POST' : 'GET'),
    headers: {
      ...defaultHeaders,
      ...(body && { 'content-type': isText ? 'text/plain;charset=UTF-8' : 'application/json' }),
      ...(Object.fromEntries(named) as Record<string, string>),
    },
    body: body && (isText ? body : JSON.stringify(body)),
  }
}

/**
 * Sends a request to one of the given addresses, on a connection of its own, and follows no redirect.
 *
 * @returns the response, its body unread: read it, or destroy it
 * @throws as `node:http` does
 */
export function send(
  { url, method, headers, body }: Request,
  { addresses, signal }: Connection,
): Promise<http.IncomingMessage> {
  const { request } = url.protocol === 'https:' ? https : http
  const lookup = only(addresses)
  return new Promise((resolve, reject) => {
    // Node itself leaves the length of a DELETE's body unsaid: the server would take it for the next request.
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }
    const options = {
      method,
      headers: { ...headers, ...length },
      signal,
      lookup,
      maxHeaderSize,
      agent: false,
    }
    const outgoing = request(url, options, resolve)
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

// In the place of name resolution: whatever the name means by now, it is these that were checked.
function only(addresses: LookupAddress[]): LookupFunction {
  return (host, { all }, callback) => {
    const [first] = addresses
    if (!first) callback(new Error(`${host} has no address`), '')
    else if (all) callback(null, addresses)
    else callback(null, first.address, first.family)
  }
}
