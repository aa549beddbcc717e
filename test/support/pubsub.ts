import { expect } from 'vitest'
import { givenProcess, type TestProcess } from './process.js'
import type { TestRedis } from './redis.js'

/** Starts a pubsub worker of this name, and waits until it is on the roll. */
export async function givenPubsubWorker(
  redis: TestRedis,
  name: string,
  env: Record<string, string> = {},
): Promise<TestProcess> {
  const known = new Set(await roll(redis))
  const worker = givenProcess('workers/pubsub.js', { REDIS_URL: redis.url, WORKER_NAME: name, ...env })
  await expect
    .poll(async () => (await roll(redis)).filter((id) => !known.has(id) && id.startsWith(`${name}~`)), {
      timeout: 20_000,
    })
    .toHaveLength(1)
  return worker
}

/** Who is on the roll: ids, as Redis keeps them. */
export const roll = (redis: TestRedis): Promise<string[]> =>
  redis.client.zrange('{task:pubsub:channel}:workers', '0', '-1')
