import { hostname } from 'node:os'
import Type, { type Static, type TSchema } from 'typebox'
import Value from 'typebox/value'
import { parseAllowedHosts } from './allowed-hosts.js'
import { isLoopback } from './loopback.js'
import { redisUrlExpected } from './redis-url.js'
import { type About, settings } from './settings.js'
import { parseDuration, parseSize } from './units.js'

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

/**
 * Like {@link loadConfig}, for a program that serves nobody: it need not be told who may come in, nor which Redis.
 *
 * @throws {ConfigError}
 */
export function loadClientConfig(env: Env = process.env): Config {
  const given = readEnv(env)
  refuse([...findMistakes(given)])
  return Object.freeze(toConfig(given as Settings))
}

/** What is wrong with a value for a setting, "expected …, got …"; undefined where nothing is. */
export function mistakeIn(name: keyof Settings, value: string): string | undefined {
  const schema: TSchema = settings.properties[name]
  const given = fromText(schema, value)
  return Value.Check(schema, given) ? undefined : mistake(schema, given)
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
    delivery: given.DELIVERY,
    order: given.ORDER,
    concurrency: given.CONCURRENCY,
    queues: [...new Set(given.QUEUES.split(','))],
    tasksDir: given.TASKS_DIR,
    rawHandlers: new Map(given.RAW_HANDLERS.split(',').map((pair) => pair.split('=') as [string, string])),
    fetchAllow: parseAllowedHosts(given.FETCH_ALLOW ?? '') ?? [],
    maxBytes: parseSize(given.MAX_BYTES),
    resultTtlMs: parseDuration(given.RESULT_TTL),
    onceMs: parseDuration(given.IDEMPOTENCY_TTL),
    deadMax: given.DEAD_MAX,
    deadTtlMs: parseDuration(given.DEAD_TTL),
    workTimeMs: parseDuration(given.WORK_TIME),
    maxLength: given.MAX_LENGTH,
    workerName: given.WORKER_NAME,
    memcachedPort: given.MEMCACHED_PORT,
    memcachedLeaseMs: parseDuration(given.MEMCACHED_LEASE),
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
    if (name in given && !Value.Check(schema, given[name])) yield `${name}: ${mistake(schema, given[name])}`
  }
}

function mistake(schema: TSchema, value: unknown): string {
  const { expected, secret } = schema as TSchema & About
  return `expected ${expected}${secret ? '' : `, got ${JSON.stringify(value)}`}`
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
