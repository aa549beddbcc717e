import { expect, it } from 'vitest'
import { servery } from '../support/cli.js'
import { givenListener } from '../support/listener.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

const publish = (input: string | Buffer, ...args: string[]) =>
  servery(['publish', '--queue', 'tq', ...args], { input, env: { REDIS_URL: redis.url } })

/** `servery publish`, its standard input still open. */
const givenSlowWriter = () =>
  givenProcess('src/cli/servery.js', { REDIS_URL: redis.url }, ['publish', '--queue', 'tq'], 'pipe')

const values = () => redis.client.lrange('tq', 0, -1)

it('pushes each line as it is, and tells how many', async () => {
  const { code, out } = await publish('a\n b \r\n\nünï')
  expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/^published 4 values to tq in/) })
  expect(await values()).toEqual(['ünï', '', ' b ', 'a'])
})

it('pushes bytes that are no text', async () => {
  await publish(Buffer.from([0xff, 0xfe, 0x00, 10]))
  expect(await redis.client.lpopBuffer('tq')).toEqual(Buffer.from([0xff, 0xfe, 0x00]))
})

it('pushes onto the queue that QUEUE names', async () => {
  await servery(['publish'], { input: 'a', env: { REDIS_URL: redis.url, QUEUE: 'other' } })
  expect(await redis.client.lrange('other', 0, -1)).toEqual(['a'])
})

it('ends at "over" and says that more was there, unless another line is to end it', async () => {
  const { code, error } = await publish('a\nover\nb\n')
  expect({ code, error }).toEqual({
    code: 0,
    error: 'servery publish: "over" ends it; what follows is not read\n',
  })
  expect(await values()).toEqual(['a'])
  await publish('over\nEOF\nb\n', '--until', 'EOF')
  await publish('EOF\n', '--until', '')
  expect(await values()).toEqual(['EOF', 'over', 'a'])
})

it('pushes onto the other end with --right', async () => {
  await publish('a\nb\n')
  await publish('c\nd\n', '--right')
  expect(await values()).toEqual(['b', 'a', 'c', 'd'])
})

it.each([[], ['--right']])(
  'pushes with --if-exists %s only where there is the queue, and says so',
  async (...side) => {
    const absent = await publish('a\nb\n', '--if-exists', ...side)
    expect(absent).toMatchObject({
      code: 1,
      error: 'servery publish: there is no queue tq: 2 values not published\n',
    })
    await redis.client.rpush('tq', 'first')
    expect(await publish('a\n', '--if-exists', ...side)).toMatchObject({ code: 0, error: '' })
    expect(await values()).toEqual(side.length > 0 ? ['first', 'a'] : ['a', 'first'])
  },
)

it('reads 200,000 lines to their end, in order, in few round trips', async () => {
  const lines = Array.from({ length: 200_000 }, (_, index) => `value ${index}`)
  await redis.client.config('RESETSTAT')
  const { out } = await publish(lines.join('\n'))
  expect(out).toMatch(/^published 200000 values/)
  expect(await redis.client.lrange('tq', 0, -1)).toEqual(lines.reverse())
  const [, calls] = /cmdstat_lpush:calls=(\d+)/.exec(await redis.client.info('commandstats')) ?? []
  expect(Number(calls)).toBeLessThan(1000)
})

it('pushes what a slow writer has written so far', async () => {
  const slow = givenSlowWriter()
  slow.write('a\n')
  await expect.poll(values, { timeout: 20_000 }).toEqual(['a'])
  slow.write('b\nhalf a line')
  await expect.poll(values, { timeout: 20_000 }).toEqual(['b', 'a'])
  slow.signal('SIGINT')
  expect(await slow.exit()).toBe(130)
  expect(await values()).toEqual(['b', 'a'])
})

it('says how many were pushed when Redis goes away', async () => {
  const slow = givenSlowWriter()
  slow.write('a\nb\n')
  await expect.poll(values, { timeout: 20_000 }).toHaveLength(2)
  await redis.kill()
  await slow.line(/out of reach/)
  slow.write('c\n')
  await slow.line(
    /servery publish: Redis is out of reach.*; 2 values published, of the next 1 it is not known/,
  )
  expect(await slow.exit()).toBe(1)
})

it('says that the key is not a list', async () => {
  await redis.client.set('tq', 'x')
  expect(await publish('a\n')).toMatchObject({
    code: 1,
    error: expect.stringContaining('the key tq holds something that is not a list'),
  })
})

it('tells the page what it pushes', async () => {
  const { messages } = await givenListener(redis, '{tq}:activity')
  await publish('a\nb\n')
  expect(messages.map((message) => JSON.parse(message) as object)).toMatchObject([
    { action: 'pushed', queue: 'tq', by: 'publish', count: 2, value: 'b' },
  ])
})

it('fills a queue that prodcons workers and foreign clients empty, as they may fill it', async () => {
  await publish('1\n2\n3\n')
  expect(await redis.client.brpop('tq', 1)).toEqual(['tq', '1'])
  await redis.client.lpush('tq', '4')
  const worker = givenProcess('workers/prodcons.js', { REDIS_URL: redis.url, QUEUE: 'tq', ORDER: 'fifo' })
  await worker.line(/^Task get 4 .* left=0$/)
  expect(worker.matching(/^Task get/).map((line) => line.slice(9, 10))).toEqual(['2', '3', '4'])
})
