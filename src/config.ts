import { hostname } from 'node:os'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { allowedHostsExpected, parseAllowedHosts } from './allowed-hosts.js'
import { parseRedisUrl, redisUrlExpected } from './redis/target.js'
import { durationPattern, parseDuration, parseSize, sizePattern } from './units.js'

/** What every setting carries: the README's table and the messages are made from it. */
interface About {
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
const duration = (about: Omit<About, 'expected'>) =>
  text(durationPattern, { ...about, expected: 'a duration such as 500ms, 10s, 5m' })
const size = (about: Omit<About, 'expected'>) =>
  text(sizePattern, { ...about, expected: 'a size such as 65536, 256KiB, 1MiB' })

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
          'the Redis to use: `redis://`, `rediss://` (TLS) or `unix://`; unset, `npm start` runs a private one',
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
  CHANNEL: text(keyName.pattern, {
    default: 'task:pubsub:channel',
    description: 'channel of the pubsub lane',
    expected: keyName.expected,
  }),
  ORDER: Type.Enum(['lifo', 'fifo'], {
    default: 'lifo',
    description: 'which end prodcons workers take from: `lifo` is BLPOP, newest first; `fifo` is BRPOP',
    expected: 'lifo or fifo',
  }),
  CONCURRENCY: Type.Optional(
    integer(1, 1000, {
      description:
        'values or tasks that a worker works on at a time: 1 in prodcons and 10 in tasks unless set',
      expected: 'an integer from 1 to 1000',
    }),
  ),
  QUEUES: text('^[A-Za-z0-9._:-]{1,100}(,[A-Za-z0-9._:-]{1,100}){0,999}$', {
    default: 'default',
    description: 'queues that a tasks worker takes from, separated by commas',
    expected: 'names of letters, digits, dots, colons, dashes and underscores, separated by commas',
  }),
  WORK_TIME: duration({
    default: '0s',
    description: 'how long a prodcons worker pretends to work on each value, so that a queue can be watched',
  }),
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
  MAX_BYTES: size({
    default: '1GiB',
    description:
      'bytes that the unfinished tasks of one queue may hold; beyond it an enqueue gets 429; 0 is no limit',
  }),
  RESULT_TTL: duration({ default: '1d', description: 'how long the record of a finished task is kept' }),
  DEAD_MAX: integer(1, 10_000_000, {
    default: 100_000,
    description: 'most dead tasks that a queue keeps; the oldest go first',
    expected: 'an integer from 1 to 10000000',
  }),
  DEAD_TTL: duration({ default: '30d', description: 'how long a dead task is kept' }),
  WORKER_NAME: Type.Optional(
    text('^[A-Za-z0-9._-]{1,100}$', {
      description:
        'name of a worker, else made of host name and process id; a pubsub worker listens on `task:dispatch:<name>` too',
      expected: 'up to 100 letters, digits, dots, dashes and underscores',
    }),
  ),
  AUTH_TOKEN: Type.Optional(
    text('^[\\x21-\\x7e]{8,512}$', {
      description: 'asked for on every route but `/healthz`: as bearer token, or as password in a browser',
      expected: '8 to 512 printable characters without spaces',
      secret: true,
    }),
  ),
  ALLOW_ANONYMOUS: Type.Boolean({
    default: false,
    description: '`1` lets anyone in who can reach `HOST`, by whatever host name',
    expected: '1 or 0',
  }),
  BODY_LIMIT: size({ default: '256KiB', description: 'largest request body' }),
  SHUTDOWN_GRACE: duration({
    default: '25s',
    description: 'time to finish what is in hand when asked to stop',
  }),
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

type Settings = Static<typeof settings>
type Env = Record<string, string | undefined>

/** Thrown by {@link loadConfig}: every mistake that was found, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  constructor(readonly mistakes: string[]) {
    super(mistakes.join('\n'))
  }
}

/** The settings as the program uses them: units parsed, frozen. */
export type Config = ReturnType<typeof toConfig>

/**
 * Reads and checks the settings. Pure: only `env` decides.
 *
 * @throws {ConfigError} listing all mistakes at once; secrets are never repeated.
 */
export function loadConfig(env: Env = process.env): Config {
  const given = readEnv(env)
  refuse([...findMistakes(given), ...findUnsafeHost(given)])
  return Object.freeze(toConfig(given as Settings))
}

/** Settings of a process that needs a Redis to be named (only `npm start` runs one of its own) and has a name itself. */
export type ServiceConfig = Config & { redisUrl: string; workerName: string }

/**
 * Like {@link loadConfig}, for a process that is not `npm start`.
 *
 * @throws {ConfigError}
 */
export function loadServiceConfig(env: Env = process.env): ServiceConfig {
  const given = readEnv(env)
  refuse([...findMistakes(given), ...findUnsafeHost(given), ...findMissingRedis(given)])
  const config = toConfig(given as Settings)
  const { redisUrl = '', workerName = defaultWorkerName() } = config
  return Object.freeze({ ...config, redisUrl, workerName })
}

/** Whether only this machine can reach a server that listens on `host`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

function refuse(mistakes: string[]): void {
  if (mistakes.length > 0) throw new ConfigError(mistakes)
}

function toConfig(given: Settings) {
  return {
    port: given.PORT,
    host: given.HOST,
    redisUrl: given.REDIS_URL,
    queue: given.QUEUE,
    channel: given.CHANNEL,
    order: given.ORDER,
    concurrency: given.CONCURRENCY,
    queues: [...new Set(given.QUEUES.split(','))],
    tasksDir: given.TASKS_DIR,
    fetchAllow: parseAllowedHosts(given.FETCH_ALLOW ?? '') ?? [],
    maxBytes: parseSize(given.MAX_BYTES),
    resultTtlMs: parseDuration(given.RESULT_TTL),
    deadMax: given.DEAD_MAX,
    deadTtlMs: parseDuration(given.DEAD_TTL),
    workTimeMs: parseDuration(given.WORK_TIME),
    maxLength: given.MAX_LENGTH,
    workerName: given.WORKER_NAME,
    authToken: given.AUTH_TOKEN,
    allowAnonymous: given.ALLOW_ANONYMOUS,
    bodyLimit: parseSize(given.BODY_LIMIT),
    shutdownGraceMs: parseDuration(given.SHUTDOWN_GRACE),
    redisServer: given.REDIS_SERVER,
    dataDir: given.DATA_DIR,
    logLevel: given.LOG_LEVEL,
    logFormat: given.LOG_FORMAT,
  }
}

function defaultWorkerName(): string {
  return `${hostname().replace(/[^A-Za-z0-9._-]/g, '-')}-${process.pid}`
}

function readEnv(env: Env): Record<string, unknown> {
  const given: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settings.properties)) {
    const value = env[name]?.trim()
    // An empty variable is how a shell or a compose file says "not set".
    given[name] = value ? fromText(schema, value) : Value.Default(schema, undefined)
    if (given[name] === undefined) delete given[name]
  }
  return given
}

// Strict on purpose: Value.Convert would read 7.9 as 7 and 0x10 as 16.
function fromText(schema: TSchema, value: string): unknown {
  if (Type.IsInteger(schema)) return /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (Type.IsBoolean(schema)) return { '1': true, true: true, '0': false, false: false }[value] ?? value
  return value
}

function* findMistakes(given: Record<string, unknown>): Generator<string> {
  for (const [name, schema] of Object.entries(settings.properties)) {
    if (name in given && !Value.Check(schema, given[name])) yield mistake(name, schema, given[name])
  }
}

function isRedisUrl(url: string): boolean {
  try {
    parseRedisUrl(url)
    return true
  } catch {
    return false
  }
}

function mistake(name: string, schema: TSchema, value: unknown): string {
  const { expected, secret } = schema as TSchema & About
  return `${name}: expected ${expected}${secret ? '' : `, got ${JSON.stringify(value)}`}`
}

function* findUnsafeHost(given: Record<string, unknown>): Generator<string> {
  const host = String(given.HOST)
  if (!Value.Check(settings.properties.HOST, host)) return
  if (isLoopback(host) || given.AUTH_TOKEN || given.ALLOW_ANONYMOUS === true) return
  yield `HOST: ${host} can be reached from other machines; set AUTH_TOKEN, or ALLOW_ANONYMOUS=1 to let anyone in`
}

function* findMissingRedis(given: Record<string, unknown>): Generator<string> {
  if (given.REDIS_URL !== undefined) return
  yield `REDIS_URL: expected ${redisUrlExpected}, got nothing; only npm start runs a Redis of its own`
}
