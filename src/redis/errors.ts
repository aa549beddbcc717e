import { ReplyError } from 'ioredis'

/** Redis did not answer: it is down, still loading, or too slow. A write may or may not have taken effect. */
export class RedisUnavailableError extends Error {
  override name = 'RedisUnavailableError'
  readonly code = 'REDIS_UNAVAILABLE'
}

/** The key exists and is not of the type that the operation needs. */
export class WrongTypeError extends Error {
  override name = 'WrongTypeError'
  readonly code = 'WRONG_TYPE'
  constructor(
    readonly key: string,
    options?: ErrorOptions,
  ) {
    super(
      `the key ${key} holds something that is not a list; rename or delete it, or set QUEUE to another`,
      options,
    )
  }
}

/** For `.catch()`: turns what the driver throws for an operation on `key` into one of the errors above. */
export const redisFailure =
  (key: string) =>
  (error: unknown): never => {
    throw toRedisError(error, key)
  }

/** Whether no server dealt with a command: none was reached, or the one that was cannot do anything for now. */
export function isOutOfReach(error: unknown): boolean {
  return (
    !(error instanceof ReplyError) ||
    /^(CLUSTERDOWN|MASTERDOWN|LOADING|TRYAGAIN)\b/.test((error as Error).message)
  )
}

function toRedisError(error: unknown, key: string): Error {
  const { message } = error as Error
  if (isOutOfReach(error)) {
    return new RedisUnavailableError('Redis is out of reach; try again', { cause: error })
  }
  if (message.includes('WRONGTYPE')) return new WrongTypeError(key, { cause: error })
  if (message.startsWith('MOVED')) {
    const told =
      'Redis is a Cluster: give its nodes in REDIS_URL, separated by commas, or one with a comma behind it'
    return new RedisUnavailableError(told, { cause: error })
  }
  return new RedisUnavailableError(`Redis refused the command: ${message}`, { cause: error })
}

/** What a command answers; undefined where its user's ACL does not allow it. */
export function ifAllowed<T>(reply: Promise<T>): Promise<T | undefined> {
  return reply.catch((error: Error) => {
    if (error.message.startsWith('NOPERM')) return undefined
    throw error
  })
}
