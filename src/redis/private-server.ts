import { existsSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Name of the connection by which a running `npm start` shows that its Redis is in use. */
const ownerName = 'servery-start'
const portFile = 'redis.port'
const answerPatienceMs = 2000
const shutdownPatienceMs = 10_000

/** A private Redis: how to run it, and where it is then. */
export interface PrivateServer {
  /** For a shell whose working directory is `dataDir`. */
  command: string
  env: Record<string, string>
  dataDir: string
  port: number
  url: string
  /** For people: the command that opens a client. */
  cli: string
}

/** Another `npm start` runs on the same data. */
class AlreadyRunningError extends Error {
  override name = 'AlreadyRunningError'
}

/**
 * Makes the folder for a private server's data, unless there is one.
 *
 * @returns its path as Redis itself reports it
 */
export function openDataDir(path: string): string {
  makeFolder(path)
  return realpathSync(path)
}

// Node's own `recursive` never comes to an end where a folder can never be made, as below /proc.
function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path))
      mkdirSync(path)
    } else if (code !== 'EEXIST' || !statSync(path).isDirectory()) throw error
  }
}

/**
 * Describes a private redis-server with its append-only file in `dataDir`, on loopback.
 *
 * @param program the path of redis-server or valkey-server
 * @param dataDir from {@link openDataDir}
 */
export function describePrivateServer(program: string, dataDir: string, port: number): PrivateServer {
  writeFileSync(join(dataDir, portFile), String(port))
  const settings = {
    port,
    bind: '127.0.0.1',
    dir: './',
    appendonly: 'yes',
    appendfsync: 'everysec',
    save: '""',
    loglevel: 'warning',
    // A value that was accepted is not thrown away to make room for another.
    'maxmemory-policy': 'noeviction',
  }
  const flags = Object.entries(settings).map(([name, value]) => `--${name} ${value}`)
  return {
    // By way of the environment, so that no path needs quoting.
    command: `exec "$REDIS_SERVER" ${flags.join(' ')}`,
    env: { REDIS_SERVER: program },
    dataDir,
    port,
    url: urlOf(port),
    cli: `redis-cli -p ${port}`,
  }
}

/**
 * Waits until a private server answers, its append-only file loaded, and marks it as in use.
 *
 * @returns the connection that marks it; keep it until the server is to stop
 * @throws {AlreadyRunningError} another start was quicker, by a moment
 */
export async function claimPrivateServer({ url, dataDir, port }: PrivateServer): Promise<Redis> {
  const owner = new Redis(url, {
    connectionName: ownerName,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  })
  owner.on('error', () => undefined)
  if ((await isServing(owner, dataDir)) && readPort(dataDir) === port) return owner
  owner.disconnect()
  throw new AlreadyRunningError(`another program took port ${port} or ${dataDir} meanwhile; start again`)
}

/**
 * Ends a private server that a killed `npm start` left behind: two on one append-only file would ruin it.
 *
 * @throws {AlreadyRunningError} if it is not left behind but in use
 */
export async function endLeftover(dataDir: string): Promise<void> {
  await withServerIn(dataDir, shutDown)
}

/**
 * Finds the private server that runs on this data, if one does; a stranger's on its port is not taken for it.
 *
 * @param dataDir its folder, which need not exist
 * @returns its URL
 */
export async function findPrivateServer(dataDir: string): Promise<string | undefined> {
  const path = existsSync(dataDir) ? realpathSync(dataDir) : dataDir
  return withServerIn(path, (_redis, port) => Promise.resolve(urlOf(port)))
}

async function withServerIn<T>(
  dataDir: string,
  use: (redis: Redis, port: number) => Promise<T>,
): Promise<T | undefined> {
  const port = readPort(dataDir)
  if (!port) return undefined
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    lazyConnect: true,
    retryStrategy: () => null,
    commandTimeout: answerPatienceMs,
    // It may still be loading: it can be ended, and found, all the same.
    enableReadyCheck: false,
  })
  redis.on('error', () => undefined)
  try {
    return (await isServing(redis, dataDir)) ? await use(redis, port) : undefined
  } finally {
    redis.disconnect()
  }
}

const urlOf = (port: number): string => `redis://127.0.0.1:${port}`

function readPort(dataDir: string): number | undefined {
  try {
    return Number(readFileSync(join(dataDir, portFile), 'utf8'))
  } catch {
    return undefined
  }
}

// Mostly nobody is there: everything was stopped in order. Or a stranger's server, which must not be touched.
async function isServing(redis: Redis, dataDir: string): Promise<boolean> {
  const reply = await redis.config('GET', 'dir').catch(() => [])
  return (reply as string[])[1] === dataDir
}

async function shutDown(redis: Redis, port: number): Promise<void> {
  const clients = (await redis.client('LIST')) as string
  if (clients.includes(` name=${ownerName} `)) {
    throw new AlreadyRunningError(`Servery already runs from this folder, its Redis on port ${port}`)
  }
  const closed = new Promise<void>((resolve) => redis.once('end', resolve))
  await redis.shutdown().catch(() => undefined)
  const isOverdue = await Promise.race([closed, sleep(shutdownPatienceMs, true, { ref: false })])
  if (isOverdue) throw new Error(`the Redis that an earlier start left behind, on port ${port}, does not end`)
}
