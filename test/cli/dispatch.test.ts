import { expect, it } from 'vitest'
import { servery } from '../support/cli.js'
import { givenProcess } from '../support/process.js'
import { givenPubsubWorker } from '../support/pubsub.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const dispatch = (...args: string[]) => servery(['dispatch', ...args], { env: { REDIS_URL: redis.url } })
const countIn = (out: string, pattern: RegExp) => out.match(pattern)?.length ?? 0

it('sends 100 jobs to workers drawn at random, and accounts for each', async () => {
  await Promise.all(['1', '2'].map((name) => givenPubsubWorker(redis, name)))
  const { code, out } = await dispatch('--jobs', '100', '--workers', '1,2,3')
  const failed = countIn(out, /^Dispatch job \d+ failed: nobody listens as 3 {2}worker=3$/gm)
  for (const worker of ['1', '2'])
    expect(countIn(out, new RegExp(`^done job (\\d+): \\1  worker=${worker}$`, 'gm'))).toBeGreaterThan(0)
  expect(failed).toBeGreaterThan(0)
  expect(out).toMatch(new RegExp(`^sent 100, finished ${100 - failed}, failed ${failed}, missing 0$`, 'm'))
  expect(code).toBe(1)
})

it('sends jobs for a handler to all that live, and exits with 0 when all are done', async () => {
  await givenPubsubWorker(redis, '1')
  const { code, out } = await dispatch('--jobs', '5', '--task', 'echo', '--data', '{"message":"hi"}')
  expect(countIn(out, /^done job \d: hi {2}worker=1$/gm)).toBe(5)
  expect(out).toMatch(/^sent 5, finished 5, failed 0, missing 0$/m)
  expect(code).toBe(0)
})

it('says what is missing at the deadline', async () => {
  const worker = await givenPubsubWorker(redis, '1')
  worker.signal('SIGSTOP')
  const { code, out } = await dispatch('--jobs', '2', '--deadline', '300ms')
  expect(countIn(out, /^Dispatch job \d missing: no result in time {2}worker=1$/gm)).toBe(2)
  expect(out).toMatch(/^sent 2, finished 0, failed 0, missing 2$/m)
  expect(code).toBe(1)
})

it.each([
  [['--task', 'nope'], '--task: expected one of'],
  [['--task', 'sleep', '--data', '{"seconds":"x"}'], '--data.seconds: expected to be number'],
])('refuses %j before anything is sent', async (args, message) => {
  const { code, error } = await dispatch('--workers', '1', ...args)
  expect(code).toBe(2)
  expect(error).toContain(message)
})

it('says that nobody lives, unless workers are named', async () => {
  expect(await dispatch()).toMatchObject({
    code: 1,
    error: expect.stringContaining('no pubsub worker lives') as string,
  })
})

it('stops in order on Ctrl-C, with a summary', async () => {
  const worker = await givenPubsubWorker(redis, '1')
  worker.signal('SIGSTOP')
  const master = givenProcess('src/cli/servery.js', { REDIS_URL: redis.url }, ['dispatch', '--jobs', '5000'])
  await expect
    .poll(async () => (await redis.client.pubsub('NUMSUB', 'task:results'))[1], { timeout: 20_000 })
    .toBe(1)
  master.signal('SIGINT')
  expect(await master.exit()).toBe(1)
  await master.line(/^sent \d+, finished 0, failed 0, missing \d+$/)
})
