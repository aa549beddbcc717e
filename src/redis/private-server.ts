import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** Name of the connection by which a running `npm start` shows that its Redis is in use. */
const ownerName = 'servery-start'
const portFile = 'redis.port'

/** A private Redis: how to run it, and where it is then. */
export interface PrivateServer {
  /** For a shell whose working directory is `dataDir`. */
  command: string
  env: Record<string, string>
  dataDir: string
  url: string
  /** For people: the command that opens a client. */
  cli: string
}

/** Another `npm start` runs on the same data. */
export class AlreadyRunningError extends Error {
  override name = 'AlreadyRunningError'
}

/**
 * Describes a private redis-server with its append-only file in `dataDir`, on loopback.
 *
 * @param program the path of redis-server or valkey-server
 */
export function describePrivateServer(program: string, dataDir: string, port: number): PrivateServer {
  mkdirSync(dataDir, { recursive: true })
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
    url: `redis://127.0.0.1:${port}`,
    cli: `redis-cli -p ${port}`,
  }
}

/**
 * Waits until a private server answers, its append-only file loaded, and marks it as in use.
 *
 * @returns the connection that marks it; keep it until the server is to stop
 */
export async function claimPrivateServer({ url }: PrivateServer): Promise<Redis> {
  const owner = new Redis(url, {
    connectionName: ownerName,
    maxRetriesPerRequest: null,
    retryStrategy: () => 50,
  })
  owner.on('error', () => undefined)
  await owner.ping()
  return owner
}

/**
 * Ends a private server that a killed `npm start` left behind: two on one append-only file would ruin it.
 *
 * @throws {AlreadyRunningError} if it is not left behind but in use
 */
export async function endLeftover(dataDir: string): Promise<void> {
  const port = readPort(dataDir)
  if (!port) return
  const redis = new Redis({ host: '127.0.0.1', port, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    if (await isServing(redis, dataDir)) await shutDown(redis, port)
  } catch (error) {
    if (error instanceof AlreadyRunningError) throw error
    // Nobody there: the usual case, everything was stopped in order.
  } finally {
    redis.disconnect()
  }
}

function readPort(dataDir: string): number | undefined {
  try {
    return Number(readFileSync(join(dataDir, portFile), 'utf8'))
  } catch {
    return undefined
  }
}

// The port may have gone to a stranger's Redis meanwhile, which must not be touched.
async function isServing(redis: Redis, dataDir: string): Promise<boolean> {
  const [, dir] = (await redis.config('GET', 'dir')) as [string, string]
  return dir === dataDir
}

async function shutDown(redis: Redis, port: number): Promise<void> {
  const clients = (await redis.client('LIST')) as string
  if (clients.includes(` name=${ownerName} `)) {
    throw new AlreadyRunningError(`Servery already runs from this folder, its Redis on port ${port}`)
  }
  const closed = new Promise((resolve) => redis.once('end', resolve))
  await redis.shutdown().catch(() => undefined)
  await Promise.race([closed, sleep(10_000, undefined, { ref: false })])
}
