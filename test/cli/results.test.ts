import { describe, expect, it } from 'vitest'
import { jsonLine, resultLine } from '../../src/cli/result-line.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { givenTasks } from '../support/tasks.js'

const redis = useRedis()

async function givenResults(...args: string[]) {
  const results = givenProcess('src/cli/servery.js', { REDIS_URL: redis.url }, ['results', ...args])
  await expect
    .poll(async () => (await redis.client.pubsub('NUMSUB', 'task:results'))[1], { timeout: 20_000 })
    .toBe(1)
  return results
}

describe('servery results', () => {
  it('prints how a task and a job ended, as it comes, until Ctrl-C', async () => {
    const results = await givenResults()
    const { queue, startWorker } = await givenTasks(redis)
    await queue.enqueue({ name: 'echo', data: '{"message":"hi"}' })
    startWorker({ TASKS_DIR: 'dist/workers/tasks' })
    await results.line(/^done echo: hi {2}task=default\.\S+ worker=\S+ attempt=1$/)
    await redis.client.publish('task:results', '{"worker":"2","job":17,"result":17}')
    await results.line(/^done job 17: 17 {2}worker=2$/)
    results.signal('SIGINT')
    expect(await results.exit()).toBe(0)
  })

  it('prints with --json what came, one message a line', async () => {
    const results = await givenResults('--json')
    const message = '{"worker":"2","job":17,"result":12345678901234567890}'
    await redis.client.publish('task:results', message)
    await expect.poll(() => results.lines).toEqual([message])
  })

  it('listens again after its connection was cut', async () => {
    const results = await givenResults()
    await redis.cut('pubsub')
    await expect.poll(() => redis.client.publish('task:results', 'here'), { timeout: 20_000 }).toBe(1)
    expect(await results.line(/^said here$/)).toBe('said here')
  })
})

describe('the line for a result', () => {
  it.each([
    ['{"worker":"2","job":"a\\nb","result":{"x":[]}}', 'done job a\\u{a}b: {"x":[]}  worker=2'],
    ['{"worker":"2","job":1,"error":{"message":"no"}}', 'failed job 1: no  worker=2'],
    [
      '{"id":"q.n1","queue":"q","task":"work","state":"dead","attempt":3,"worker":"w","lastAttempt":{"error":{"message":"no"}}}',
      'dead work: no  task=q.n1 worker=w attempt=3',
    ],
    [
      '{"id":"q.n1","task":"work","state":"cancelled","attempt":0,"worker":"","error":{"message":"x"}}',
      'cancelled work: x  task=q.n1 attempt=0',
    ],
    ['\u001b[31m', 'said \\u{1b}[31m'],
    ['null', 'said null'],
  ])('of %j tells it to people', (message, line) => {
    expect(resultLine(message)).toBe(line)
  })

  it.each([
    ['{"a":\n 1}', '{"a":  1}'],
    ['"\u202e\u2028"', '"\\u202e\\u2028"'],
    ['not\nJSON', '"not\\nJSON"'],
  ])('of %j is the same JSON on one line with --json', (message, line) => {
    expect(jsonLine(message)).toBe(line)
  })
})
