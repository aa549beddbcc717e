import { Redis } from 'ioredis'
import { parseRedisUrl } from '../redis-url.js'
import { ifAllowed } from './errors.js'

const oldestMajor = 7
const answerPatienceMs = 2000

/** The Redis that was found is older than Servery supports. */
export class RedisTooOldError extends Error {
  override name = 'RedisTooOldError'
  constructor(version: string) {
    super(`Redis ${version} is too old: Servery needs Redis ${oldestMajor}.0 or newer, or Valkey`)
  }
}

/**
 * Checks the server's version each time the connection is made, for a server may be replaced while one
 * waits for it.
 *
 * @param onTooOld is called with a {@link RedisTooOldError}
 */
export function watchVersion(redis: Redis, onTooOld: (error: RedisTooOldError) => void): void {
  const check = () => {
    findTooOld(redis).then((tooOld) => tooOld && onTooOld(tooOld), ignoreLost)
  }
  if (redis.status === 'ready') check()
  redis.on('ready', check)
}

/**
 * Checks a server's version once, on a connection of its own. One that does not answer within two seconds is left to
 * those who wait for it.
 *
 * @throws {RedisTooOldError}
 */
export async function refuseTooOld(url: string): Promise<void> {
  const redis = new Redis({
    ...parseRedisUrl(url).options,
    lazyConnect: true,
    retryStrategy: () => null,
    commandTimeout: answerPatienceMs,
    // It may still be loading, and tells its version all the same.
    enableReadyCheck: false,
  })
  redis.on('error', () => undefined)
  const tooOld = await findTooOld(redis).catch(ignoreLost)
  redis.disconnect()
  if (tooOld) throw tooOld
}

// A server that does not tell is taken.
async function findTooOld(redis: Redis): Promise<RedisTooOldError | undefined> {
  const version = await versionOf(redis)
  return version && Number.parseInt(version) < oldestMajor ? new RedisTooOldError(version) : undefined
}

// Valkey reports in INFO a Redis version that it is compatible with, in HELLO its own, which began at 7.
async function versionOf(redis: Redis): Promise<string | undefined> {
  const info = await ifAllowed(redis.info('server'))
  if (info !== undefined) return /^redis_version:(\S+)/m.exec(info)?.[1]
  const hello = await redis.call('HELLO')
  return Array.isArray(hello) ? String(hello[hello.indexOf('version') + 1]) : undefined
}

// Lost again before it answered: the next connection is checked.
function ignoreLost(): void {}
