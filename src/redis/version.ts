import { Cluster } from 'ioredis'
import { parseRedisUrl, type RedisTarget } from '../redis-url.js'
import type { RedisClient, RedisConnection } from './client.js'
import { connectToServer, withNode } from './connect.js'
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
 * Checks the server's version, or that of each node of a Cluster, each time the connection is made, for a server may be
 * replaced while one waits for it.
 *
 * @param onTooOld is called with a {@link RedisTooOldError}
 */
export function watchVersion(redis: RedisClient, onTooOld: (error: RedisTooOldError) => void): void {
  if (redis instanceof Cluster) redis.on('+node', (node: RedisConnection) => watchServer(node, onTooOld))
  else watchServer(redis, onTooOld)
}

function watchServer(redis: RedisConnection, onTooOld: (error: RedisTooOldError) => void): void {
  const check = () => {
    findTooOld(redis).then((tooOld) => tooOld && onTooOld(tooOld), ignoreLost)
  }
  if (redis.status === 'ready') check()
  redis.on('ready', check)
}

/**
 * Checks a server's version once, or those of a Cluster's nodes that are named, on connections of its own. One that does
 * not answer within two seconds is left to those who wait for it.
 *
 * @throws {RedisTooOldError}
 */
export async function refuseTooOld(url: string): Promise<void> {
  const target = parseRedisUrl(url)
  const nodes = target.nodes ?? [undefined]
  await Promise.all(nodes.map((node) => refuseServer(withNode(target, node))))
}

async function refuseServer(target: RedisTarget): Promise<void> {
  const redis = connectToServer(target, {
    lazyConnect: true,
    retryStrategy: () => null,
    sentinelRetryStrategy: () => null,
    commandTimeout: answerPatienceMs,
    // It may still be loading, and tells its version all the same.
    enableReadyCheck: false,
  })
  const tooOld = await findTooOld(redis).catch(ignoreLost)
  redis.disconnect()
  if (tooOld) throw tooOld
}

// A server that does not tell is taken.
async function findTooOld(redis: RedisConnection): Promise<RedisTooOldError | undefined> {
  const version = await versionOf(redis)
  return version && Number.parseInt(version) < oldestMajor ? new RedisTooOldError(version) : undefined
}

// Valkey reports in INFO a Redis version that it is compatible with, in HELLO its own, which began at 7.
async function versionOf(redis: RedisConnection): Promise<string | undefined> {
  const info = await ifAllowed(redis.info('server'))
  if (info !== undefined) return /^redis_version:(\S+)/m.exec(info)?.[1]
  const hello = await redis.call('HELLO')
  return Array.isArray(hello) ? String(hello[hello.indexOf('version') + 1]) : undefined
}

// Lost again before it answered: the next connection is checked.
function ignoreLost(): void {}
