import { expect, it } from 'vitest'
import type { RollCallResult } from '../../src/channel/roll-call.js'
import { servery } from '../support/cli.js'
import { givenPubsubWorker } from '../support/pubsub.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const broadcast = (...args: string[]) => servery(['broadcast', ...args], { env: { REDIS_URL: redis.url } })
const echo = ['--task', 'echo', '--data', '{"message":"hi"}']

it('tells by name what each worker said, and exits with 0 when all are done', async () => {
  await Promise.all(['1', 'twin'].map((name) => givenPubsubWorker(redis, name)))
  await givenPubsubWorker(redis, 'twin')
  const { code, out } = await broadcast(...echo, '--deadline', '20s')
  expect(out).toMatch(/^1 +done +hi\ntwin~\S+ +done +hi\ntwin~\S+ +done +hi\n/)
  expect(out).toMatch(/^done 3, failed 0, received 0, silent 0$/m)
  expect(code).toBe(0)
  const { out: json } = await broadcast(...echo, '--json', '--deadline', '20s')
  expect((JSON.parse(json) as RollCallResult).counts.done).toBe(3)
})

it('exits with 1 when one is not done', async () => {
  await givenPubsubWorker(redis, '1')
  const { code, out } = await broadcast('--task', 'sleep', '--data', '{"seconds":60}', '--deadline', '100ms')
  expect(out).toBe('1  received\ndone 0, failed 0, received 1, silent 0\n')
  expect(code).toBe(1)
})

it('says that nobody lives', async () => {
  expect(await broadcast(...echo)).toMatchObject({
    code: 1,
    error: 'servery broadcast: no pubsub worker lives\n',
  })
})
