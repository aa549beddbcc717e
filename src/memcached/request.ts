/** What a client asks for. A request that is `quiet` (noreply) is not answered. */
export type Request =
  /** Reserves one of each, or with `onlyFirst` (gets) one of the first that has one. */
  | { kind: 'get'; keys: string[]; onlyFirst: boolean; quiet: boolean }
  | { kind: 'set'; key: string; flags: number; exptime: number; data: Buffer; quiet: boolean }
  | { kind: 'delete'; key: string; quiet: boolean }
  | { kind: 'touch'; key: string; exptime: number; quiet: boolean }
  | { kind: 'stats'; topic: string | undefined; quiet: boolean }
  | { kind: 'version'; quiet: boolean }
  | { kind: 'quit'; quiet: boolean }
  /** To be answered with this line; the next request may be a good one. */
  | { kind: 'refused'; reply: string; quiet: boolean }
  /** This is another protocol: whatever comes next means something else than it says. */
  | { kind: 'foreign'; quiet: boolean }

/** The line of a request that stores a value: its data follow, whether it is refused or not. */
export interface Announcement {
  kind: 'announcement'
  /** Length of the data. */
  bytes: number
  /** What it comes to: with its data the request, or else a refusal. */
  complete: ((data: Buffer) => Request) | Refusal
  quiet: boolean
}

export type Refusal = Extract<Request, { kind: 'refused' }>

const noSuchCommand = 'ERROR'
const badFormat = 'CLIENT_ERROR bad command line format'
const longestKey = 250
const largestFlags = 0xffff_ffff
/** Seconds since 1970 in the year 9999. */
const latestTime = 253_402_300_799
const mostBytes = 2 ** 31 - 1

/** Reads one line, without its end. */
export function parseLine(line: string): Request | Announcement {
  if (isForeign(line)) return { kind: 'foreign', quiet: false }
  const [command = '', ...rest] = line.split(' ').filter((word) => word !== '')
  const parser = parsers.get(command)
  if (parser) return parser(rest)
  const writer = writers.get(command)
  if (!writer) return refuse(noSuchCommand)
  const quiet = rest.at(-1) === 'noreply'
  return writer(quiet ? rest.slice(0, -1) : rest, quiet)
}

type Parser = (args: string[]) => Request
/** Of a request that may end with `noreply`. */
type Writer = (args: string[], quiet: boolean) => Request | Announcement

const parsers = new Map<string, Parser>([
  ['get', (keys) => toGet(keys, false)],
  ['gets', (keys) => toGet(keys, true)],
  ['stats', ([topic]) => ({ kind: 'stats', topic, quiet: false })],
  ['version', ({ length }) => (length > 0 ? refuse(noSuchCommand) : { kind: 'version', quiet: false })],
  ['quit', ({ length }) => (length > 0 ? refuse(noSuchCommand) : { kind: 'quit', quiet: false })],
])

const writers = new Map<string, Writer>([
  ['set', toAnnouncement],
  ['delete', toDelete],
  ['touch', toTouch],
  ...['add', 'replace', 'append', 'prepend', 'cas'].map((name): [string, Writer] => [name, toRefusal]),
])

function toGet(keys: string[], onlyFirst: boolean): Request {
  if (keys.length === 0) return refuse(noSuchCommand)
  return keys.every(isKey) ? { kind: 'get', keys, onlyFirst, quiet: false } : refuse(badFormat)
}

function toAnnouncement(args: string[], quiet: boolean): Request | Announcement {
  const [key = '', ...numbers] = args
  const [flags, exptime, bytes] = numbers.map(toNumber)
  if (!isLength(bytes)) return refuse(badFormat, quiet)
  const isGood = isKey(key) && flags !== undefined && exptime !== undefined && args.length === 4
  if (!isGood || flags < 0 || flags > largestFlags) {
    return { kind: 'announcement', bytes, complete: refuse(badFormat, quiet), quiet }
  }
  const complete = (data: Buffer): Request => ({ kind: 'set', key, flags, exptime, data, quiet })
  return { kind: 'announcement', bytes, complete, quiet }
}

function toRefusal(args: string[], quiet: boolean): Request | Announcement {
  const bytes = toNumber(args[3] ?? '')
  if (!isLength(bytes)) return refuse(badFormat, quiet)
  const refusal = refuse('CLIENT_ERROR only set puts into a queue', quiet)
  return { kind: 'announcement', bytes, complete: refusal, quiet }
}

// Old clients send a time after the key; only 0 was ever allowed.
function toDelete([key = '', time = '0', ...more]: string[], quiet: boolean): Request {
  if (!isKey(key) || time !== '0' || more.length > 0) return refuse(badFormat, quiet)
  return { kind: 'delete', key, quiet }
}

function toTouch([key = '', time = '', ...more]: string[], quiet: boolean): Request {
  const exptime = toNumber(time)
  if (!isKey(key) || exptime === undefined || more.length > 0) return refuse(badFormat, quiet)
  return { kind: 'touch', key, exptime, quiet }
}

/** The refusal of a request with one line. */
export function refuse(reply: string, quiet = false): Refusal {
  return { kind: 'refused', reply, quiet }
}

function isKey(word: string): boolean {
  // eslint-disable-next-line no-control-regex
  return word.length > 0 && word.length <= longestKey && !/[\x00-\x20\x7f]/.test(word)
}

// Where it is not known how much follows, what follows is read as requests, as memcached does.
function isLength(bytes: number | undefined): bytes is number {
  return bytes !== undefined && bytes >= 0 && bytes <= mostBytes
}

function toNumber(word: string): number | undefined {
  return /^-?\d{1,15}$/.test(word) && Math.abs(Number(word)) <= latestTime ? Number(word) : undefined
}

// A page of another site can have a browser POST to this port, with requests of ours as lines of the body.
function isForeign(line: string): boolean {
  return / HTTP\/\d(\.\d)?$/.test(line) || /^host:/i.test(line)
}
