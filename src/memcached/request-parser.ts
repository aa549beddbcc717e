import { type Announcement, parseLine, refuse, type Request } from './request.js'

const lineFeed = 10
/** What the binary protocol and TLS begin with; much of the latter a page in a browser can choose. */
const foreignBytes = [0x80, 0x16]
/** Keys of a `get` are up to 250 bytes each. */
const longestLine = 32 * 1024

/** Where in a request the next byte is. */
type Place =
  | { in: 'line' }
  /** In one that is longer than any may be, and is passed over. */
  | { in: 'long line' }
  | { in: 'data'; of: Announcement; data: Buffer | undefined; filled: number }
  /** In the rest of the line after the data, of which there should be nothing. */
  | { in: 'end'; request: Request; rest: string }
  | { in: 'another protocol' }

/**
 * Reads requests of memcached's text protocol out of chunks of any size. It keeps one line and one value at most, whatever
 * it is sent.
 */
export class RequestParser {
  #place: Place = { in: 'line' }
  #line = ''

  /** @param maxBytes larger values are refused, and passed over; it can be changed at any time */
  constructor(public maxBytes: number) {}

  /** Whether a request has begun and is not complete. */
  get isMidway(): boolean {
    return this.#place.in !== 'line' || this.#line !== ''
  }

  /** The requests that this chunk completes; it is not read further than is asked for. */
  *push(chunk: Buffer): Generator<Request> {
    for (let rest = chunk; rest.length > 0;) {
      const [used, request] = this.#read(rest)
      rest = rest.subarray(used)
      if (request) yield request
    }
  }

  #read(rest: Buffer): [used: number, request?: Request | undefined] {
    const place = this.#place
    switch (place.in) {
      case 'line':
        return this.#readLine(rest)
      case 'long line':
        return this.#readLongLine(rest)
      case 'data':
        return this.#readData(rest, place)
      case 'end':
        return this.#readEnd(rest, place)
      case 'another protocol':
        return [rest.length]
    }
  }

  #readLine(rest: Buffer): [number, Request?] {
    if (this.#line === '' && foreignBytes.includes(rest[0] ?? 0)) return [1, this.#giveUp()]
    const { text, used, isEnded } = upToLineFeed(rest)
    this.#line += text
    if (this.#line.length > longestLine) {
      this.#line = ''
      this.#place = { in: 'long line' }
      return [text.length]
    }
    if (!isEnded) return [used]
    const line = this.#line.replace(/\r$/, '')
    this.#line = ''
    return [used, this.#begin(parseLine(line))]
  }

  #begin(parsed: Request | Announcement): Request | undefined {
    if (parsed.kind === 'foreign') return this.#giveUp()
    if (parsed.kind !== 'announcement') return parsed
    const { bytes, quiet } = parsed
    const tooLarge = refuse('SERVER_ERROR object too large for cache', quiet)
    const of = bytes > this.maxBytes ? { ...parsed, complete: tooLarge } : parsed
    this.#place = { in: 'data', of, data: undefined, filled: 0 }
    return undefined
  }

  #readLongLine(rest: Buffer): [number, Request?] {
    const { used, isEnded } = upToLineFeed(rest)
    if (!isEnded) return [used]
    this.#place = { in: 'line' }
    return [used, refuse('CLIENT_ERROR line too long')]
  }

  #readData(rest: Buffer, place: Extract<Place, { in: 'data' }>): [number] {
    const { of } = place
    const piece = rest.subarray(0, of.bytes - place.filled)
    if (typeof of.complete === 'function') {
      // Made with the first byte: an announcement alone costs nothing.
      place.data ??= Buffer.allocUnsafe(of.bytes)
      piece.copy(place.data, place.filled)
    }
    place.filled += piece.length
    if (place.filled === of.bytes) {
      const { complete } = of
      const request = typeof complete === 'function' ? complete(place.data ?? Buffer.alloc(0)) : complete
      this.#place = { in: 'end', request, rest: '' }
    }
    return [piece.length]
  }

  #readEnd(rest: Buffer, place: Extract<Place, { in: 'end' }>): [number, Request?] {
    const { text, used, isEnded } = upToLineFeed(rest)
    place.rest = (place.rest + text).slice(0, 2)
    if (!isEnded) return [used]
    this.#place = { in: 'line' }
    const isGood = place.rest === '' || place.rest === '\r'
    return [used, isGood ? place.request : refuse('CLIENT_ERROR bad data chunk', place.request.quiet)]
  }

  #giveUp(): Request {
    this.#place = { in: 'another protocol' }
    return { kind: 'foreign', quiet: false }
  }
}

function upToLineFeed(rest: Buffer): { text: string; used: number; isEnded: boolean } {
  const end = rest.indexOf(lineFeed)
  if (end < 0) return { text: rest.toString('latin1'), used: rest.length, isEnded: false }
  return { text: rest.toString('latin1', 0, end), used: end + 1, isEnded: true }
}
