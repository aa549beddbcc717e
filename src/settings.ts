import Type from 'typebox'
import { allowedHostsExpected, parseAllowedHosts } from './allowed-hosts.js'
import { parseRedisUrl, redisUrlExpected } from './redis-url.js'
import { century, durationPattern, parseDuration, parseSize, sizePattern } from './units.js'

/** What every setting carries: the README's table and the messages are made from it. */
export interface About {
  description: string
  /** Ends the sentence "NAME: expected …". */
  expected: string
  default?: string | number | boolean
  /** Never repeated in a message. */
  secret?: boolean
}

const integer = (minimum: number, maximum: number, about: About) =>
  Type.Integer({ minimum, maximum, ...about })
const text = (pattern: string, about: About) => Type.String({ pattern, ...about })

// What timers of Node can wait: 2^31 ms, less what a stop may take longer than it is given.
const longestTimer = '24d'
// A century; beyond some such number Redis takes no expiry any more.
const longestTtl = century.text

const duration = (about: Omit<About, 'expected'>, range: { least?: string; most: string }) => {
  const { least = '0s', most } = range
  const expected = `a duration such as 500ms, 10s, 5m, from ${least} to ${most}`
  return Type.Refine(
    text(durationPattern, { ...about, expected }),
    (given) => parseDuration(given) >= parseDuration(least) && parseDuration(given) <= parseDuration(most),
  )
}

const size = (about: Omit<About, 'expected'>, range: { least: string; most: string }) => {
  const { least, most } = range
  const expected = `a size such as 65536, 256KiB, 1MiB, from ${least} to ${most}`
  return Type.Refine(
    text(sizePattern, { ...about, expected }),
    (given) => parseSize(given) >= parseSize(least) && parseSize(given) <= parseSize(most),
  )
}

// A brace would move a queue's satellites, {queue}:…, to another Redis Cluster slot than the queue itself.
const keyName = { pattern: '^[^\\s{}]{1,200}$', expected: 'a name without spaces and braces' }

/** Every setting there is. The order is the README's. */
export const settings = Type.Object({
  PORT: integer(0, 65535, {
    default: 3000,
    description: 'port of the page and the HTTP API; 0 takes a free one',
    expected: 'an integer from 0 to 65535',
  }),
  HOST: text('^[A-Za-z0-9.:_-]{1,255}$', {
    default: '127.0.0.1',
    description: 'address to listen on; beyond loopback it needs `AUTH_TOKEN` or `ALLOW_ANONYMOUS=1`',
    expected: 'a host name or an IP address',
  }),
  REDIS_URL: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'the Redis to use: `redis://`, `rediss://` (TLS), several of them separated by commas (Cluster), `redis+sentinel://` or `unix://`; unset, `npm start` runs a private one',
        expected: redisUrlExpected,
        secret: true,
      }),
      isRedisUrl,
    ),
  ),
  QUEUE: text(keyName.pattern, {
    default: 'task:prodcons:queue',
    description: 'list key of the prodcons lane',
    expected: keyName.expected,
  }),
  // Results of what came on the results' own channel would be worked on again, without end.
  CHANNEL: text(`^(?!task:results$)${keyName.pattern.slice(1)}`, {
    default: 'task:pubsub:channel',
    description: 'channel of the pubsub lane',
    expected: `${keyName.expected}, other than task:results`,
  }),
  DELIVERY: Type.Enum(['at-most-once', 'at-least-once'], {
    default: 'at-most-once',
    description:
      'what prodcons workers promise: a value is taken and gone (BLPOP), or kept until its work is done (BLMOVE)',
    expected: 'at-most-once or at-least-once',
  }),
  ORDER: Type.Enum(['lifo', 'fifo'], {
    default: 'lifo',
    description: 'which end prodcons workers take from: `lifo` is BLPOP, newest first; `fifo` is BRPOP',
    expected: 'lifo or fifo',
  }),
  CONCURRENCY: Type.Optional(
    integer(1, 1000, {
      description:
        'values, tasks or jobs that a worker works on at a time: 1 in prodcons, 10 in tasks and pubsub unless set',
      expected: 'an integer from 1 to 1000',
    }),
  ),
  QUEUES: text('^[A-Za-z0-9._:-]{1,100}(,[A-Za-z0-9._:-]{1,100}){0,999}$', {
    default: 'default,task:url',
    description: 'queues that a tasks worker takes from, separated by commas',
    expected: 'names of letters, digits, dots, colons, dashes and underscores, separated by commas',
  }),
  WORK_TIME: duration(
    {
      default: '0s',
      description:
        'how long a prodcons worker pretends to work on each value, so that a queue can be watched',
    },
    { most: longestTimer },
  ),
  MAX_LENGTH: integer(0, 1_000_000_000, {
    default: 1_000_000,
    description: 'values or tasks that one queue may hold; a push beyond it gets 429; 0 is no limit',
    expected: 'an integer from 0 to 1000000000',
  }),
  TASKS_DIR: text('^.+$', {
    default: 'dist/workers/tasks',
    description: 'folder of the handlers, one file each; relative to the package',
    expected: 'the path of a folder',
  }),
  RAW_HANDLERS: text('^[A-Za-z0-9._:-]{1,100}=[a-z][a-z0-9-]*(,[A-Za-z0-9._:-]{1,100}=[a-z][a-z0-9-]*)*$', {
    default: 'task:url=fetch-url',
    description:
      'handlers for bare values that other programs push: `queue=handler`, separated by commas; in a queue without one they go to dead',
    expected: 'queue=handler pairs, separated by commas',
  }),
  FETCH_ALLOW: Type.Optional(
    Type.Refine(
      Type.String({
        description:
          'hosts that fetch-url may reach although they are private: names, addresses or ranges, each with a `:port` if you like, separated by commas',
        expected: allowedHostsExpected,
      }),
      (text) => parseAllowedHosts(text) !== undefined,
    ),
  ),
  MAX_BYTES: size(
    {
      default: '1GiB',
      description:
        'bytes that the unfinished tasks of one queue may hold; beyond it an enqueue gets 429; 0 is no limit',
    },
    { least: '0', most: '1000000GiB' },
  ),
  RESULT_TTL: duration(
    { default: '1d', description: 'how long the record of a finished task is kept; 0 keeps none' },
    { most: longestTtl },
  ),
  IDEMPOTENCY_TTL: duration(
    { default: '1d', description: 'how long a queue remembers idempotency keys' },
    { least: '1s', most: longestTtl },
  ),
  DEAD_MAX: integer(1, 10_000_000, {
    default: 100_000,
    description: 'most dead tasks that a queue keeps; the oldest go first',
    expected: 'an integer from 1 to 10000000',
  }),
  DEAD_TTL: duration(
    { default: '30d', description: 'how long a dead task is kept' },
    { least: '1s', most: longestTtl },
  ),
  WORKER_NAME: Type.Optional(
    text('^[A-Za-z0-9._-]{1,100}$', {
      description:
        'name of a worker, else made of host name and process id; where `npm start` runs several of a kind it adds `.1`, `.2`; a pubsub worker listens on `task:dispatch:<name>` too',
      expected: 'up to 100 letters, digits, dots, dashes and underscores',
    }),
  ),
  MEMCACHED_PORT: Type.Optional(
    integer(0, 65535, {
      description: 'port for memcached clients, on `HOST` too; 0 takes a free one; unset, none is opened',
      expected: 'an integer from 0 to 65535',
    }),
  ),
  MEMCACHED_LEASE: duration(
    {
      default: '1h',
      description:
        'how long a memcached client may hold a value without `delete` or `touch`; then it goes to the back of its queue',
    },
    { least: '1s', most: longestTimer },
  ),
  AUTH_TOKEN: Type.Optional(
    text('^[\\x21-\\x7e]{8,512}$', {
      description:
        'asked for on every route but `/healthz`, as bearer token, or as password in a browser; and of memcached clients',
      expected: '8 to 512 printable characters without spaces',
      secret: true,
    }),
  ),
  ALLOW_ANONYMOUS: Type.Boolean({
    default: false,
    description: '`1` lets anyone in who can reach `HOST`, by whatever host name',
    expected: '1 or 0',
  }),
  // A body becomes one string, of which Node allows half a gigabyte.
  BODY_LIMIT: size(
    { default: '256KiB', description: 'largest request body' },
    { least: '1B', most: '256MiB' },
  ),
  SHUTDOWN_GRACE: duration(
    { default: '25s', description: 'time to finish what is in hand when asked to stop' },
    { most: longestTimer },
  ),
  REDIS_SERVER: text('^.+$', {
    default: 'redis-server',
    description: 'the program that `npm start` runs as its private Redis: redis-server or valkey-server',
    expected: 'the path of a program',
  }),
  DATA_DIR: text('^.+$', {
    default: 'data',
    description:
      'folder of the files that checksum reads, and of the private Redis (in `redis/`); relative to the package',
    expected: 'the path of a folder',
  }),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'least severity that is logged',
    expected: 'fatal, error, warn, info, debug, trace or silent',
  }),
  LOG_FORMAT: Type.Enum(['auto', 'json', 'pretty'], {
    default: 'auto',
    description: 'log lines as JSON or for people; `auto` is pretty on a terminal and under `npm start`',
    expected: 'auto, json or pretty',
  }),
})

function isRedisUrl(url: string): boolean {
  try {
    parseRedisUrl(url)
    return true
  } catch {
    return false
  }
}
