import type { RedisClient } from './client.js'
import { redisFailure } from './errors.js'

/**
 * Sends the commands of a pipeline in one round trip; their replies in order. In a Cluster all their keys are in one slot.
 *
 * @param key of what the errors tell
 * @throws {WrongTypeError | RedisUnavailableError} of the first command that failed
 */
export async function repliesOf(
  pipeline: ReturnType<RedisClient['pipeline']>,
  key: string,
): Promise<unknown[]> {
  const replies = (await pipeline.exec().catch(redisFailure(key))) ?? []
  return replies.map(([error, reply]) => (error ? redisFailure(key)(error) : reply))
}
