import { setTimeout as sleep } from 'node:timers/promises'
import { Duty } from '../process/duty.js'
import type { Logger } from '../process/log.js'
import type { RedisConnection } from './client.js'

const everyMs = 10_000
const patienceMs = 5000

/**
 * Asks a connection that otherwise only listens for a sign of life. A server that vanished without a word
 * leaves a connection that stays silent for ever and looks like one on which nothing happens.
 */
export function watchLiveness(redis: RedisConnection, log: Logger): Duty {
  return new Duty(
    async () => {
      if (redis.status === 'ready' && !(await answers(redis))) {
        log.warn({ silentMs: patienceMs }, 'Redis does not answer, connecting anew')
        redis.disconnect(true)
      }
      return everyMs
    },
    (error) => log.error({ err: error }, 'could not check the connection'),
  )
}

async function answers(redis: RedisConnection): Promise<boolean> {
  const pong = redis.ping().then(
    () => true,
    () => true, // an error is an answer, and a lost connection mends itself
  )
  return Promise.race([pong, sleep(patienceMs, false, { ref: false })])
}
