import type { Redis } from 'ioredis'

const oldestMajor = 7

/** The Redis that was found is older than Servery supports. */
export class RedisTooOldError extends Error {
  override name = 'RedisTooOldError'
  constructor(version: string) {
    super(`Redis ${version} is too old: Servery needs Redis ${oldestMajor}.0 or newer, or Valkey`)
  }
}

/**
 * Checks the server's version each time the connection is made, for a server may be replaced while one
 * waits for it. Valkey reports a Redis version that it is compatible with.
 *
 * @param onTooOld is called with a {@link RedisTooOldError}
 */
export function watchVersion(redis: Redis, onTooOld: (error: RedisTooOldError) => void): void {
  const check = () => {
    redis.info('server').then((info) => {
      const version = /^redis_version:(\S+)/m.exec(info)?.[1]
      if (version && Number.parseInt(version) < oldestMajor) onTooOld(new RedisTooOldError(version))
    }, ignoreLost)
  }
  if (redis.status === 'ready') check()
  redis.on('ready', check)
}

// Lost again before it answered: the next connection is checked.
function ignoreLost(): void {}
