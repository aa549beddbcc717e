import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import type { Job, JobOutcome } from '../../src/channel/job.js'
import { toHandler } from '../../src/handlers/registry.js'
import { task, type TaskContext, type TaskDefinition } from '../../src/handlers/task.js'
import { JobRunner, type JobRunnerOptions } from '../../src/worker/job-runner.js'
import { recordingLog } from '../support/log.js'

interface Given extends Partial<JobRunnerOptions> {
  definition?: Partial<TaskDefinition<typeof Input>>
}
const Input = Type.Object({ value: Type.Integer() }, { additionalProperties: false })

/** A runner of one handler, `work`, whose runs end when told to. */
function givenRunner({ definition = {}, ...options }: Given = {}) {
  const ended: { job: unknown; outcome: JobOutcome }[] = []
  const received: unknown[] = []
  const stuck: string[] = []
  const begun: { context: TaskContext; end: (result?: unknown) => void; fail: (error: Error) => void }[] = []
  const work = task({
    input: Input,
    run: (_input, context) =>
      new Promise((resolve, reject) => begun.push({ context, end: resolve, fail: reject })),
    ...definition,
  })
  const runner = new JobRunner({
    handlers: new Map([['work', toHandler('work', work)]]),
    settings: { dataDir: '/', fetchAllow: [] },
    concurrency: 2,
    graceMs: 0,
    log: recordingLog().log,
    onReceived: ({ job }) => received.push(job),
    onEnd: ({ job }, outcome) => ended.push({ job, outcome }),
    onStuck: ({ message }) => stuck.push(message),
    ...options,
  })
  return { runner, ended, received, begun, stuck }
}

const job = (number: number, over: Partial<Job> = {}): Job => ({
  job: number,
  task: 'work',
  data: { value: number },
  ...over,
})
const failedWith = (message: string) => ({
  state: 'failed',
  json: expect.stringContaining(message) as string,
})

describe('a runner of jobs', () => {
  it('echoes a job without a handler', () => {
    const { runner, ended, received } = givenRunner()
    runner.take({ job: 5, data: { a: [] } })
    expect(ended).toEqual([{ job: 5, outcome: { state: 'done', json: '{"a":[]}' } }])
    expect(received).toEqual([])
  })

  it('runs a handler and tells its result', async () => {
    const { runner, ended, received, begun } = givenRunner()
    runner.take(job(1))
    await expect.poll(() => begun).toHaveLength(1)
    expect({ received, ended }).toEqual({ received: [1], ended: [] })
    begun[0]?.end({ sum: 2 })
    await expect.poll(() => ended).toEqual([{ job: 1, outcome: { state: 'done', json: '{"sum":2}' } }])
  })

  it('tells what a handler throws, a bad input and an unknown handler', async () => {
    const { runner, ended, begun } = givenRunner()
    runner.take(job(1))
    await expect.poll(() => begun).toHaveLength(1)
    begun[0]?.fail(new TypeError('no luck'))
    runner.take(job(2, { data: { value: 'x' } }))
    runner.take(job(3, { task: 'play' }))
    runner.take(job(4, { mistake: 'message.data: expected integers below 2^53' }))
    await expect.poll(() => ended).toHaveLength(4)
    expect(Object.fromEntries(ended.map((each) => [String(each.job), each.outcome]))).toEqual({
      1: { state: 'failed', json: '{"name":"TypeError","message":"no luck"}' },
      2: failedWith('data.value: expected to be integer'),
      3: failedWith('task: expected one of work, got \\"play\\"'),
      4: failedWith('expected integers below 2^53'),
    })
  })

  it('cuts a result that is too large', async () => {
    const { runner, ended, begun } = givenRunner()
    runner.take(job(1))
    await expect.poll(() => begun).toHaveLength(1)
    begun[0]?.end('x'.repeat(100_000))
    await expect.poll(() => ended).toHaveLength(1)
    expect(JSON.parse(ended[0]?.outcome.json ?? '')).toMatchObject({ truncated: true })
  })

  it.each<[string, Given]>([
    ['CONCURRENCY', { concurrency: 1 }],
    ["a handler's own concurrency", { concurrency: 5, definition: { concurrency: 1 } }],
  ])('runs no more at a time than %s allows', async (_what, given) => {
    const { runner, begun, ended } = givenRunner(given)
    for (const number of [1, 2]) runner.take(job(number))
    await expect.poll(() => begun).toHaveLength(1)
    begun[0]?.end()
    await expect.poll(() => begun).toHaveLength(2)
    begun[1]?.end()
    await expect.poll(() => ended.map((each) => each.job)).toEqual([1, 2])
  })

  it('refuses a job while 1000 wait', () => {
    const { runner, ended } = givenRunner({ concurrency: 1 })
    for (let number = 1; number <= 1002; number += 1) runner.take(job(number))
    expect(ended).toEqual([{ job: 1002, outcome: failedWith('1000 jobs wait here already') }])
  })

  it('aborts a handler at its timeout', async () => {
    const run = async (_input: unknown, { signal }: TaskContext) => sleep(60_000, undefined, { signal })
    const { runner, ended } = givenRunner({ definition: { timeout: '20ms', run } })
    runner.take(job(1))
    await expect.poll(() => ended).toEqual([{ job: 1, outcome: failedWith('timed out after 20 ms') }])
  })

  it('says that a handler does not heed its signal', { timeout: 15_000 }, async () => {
    const { runner, ended, stuck } = givenRunner({ definition: { timeout: '20ms' } })
    runner.take(job(1))
    await expect.poll(() => stuck, { timeout: 10_000 }).toHaveLength(1)
    expect(stuck[0]).toContain('work timed out after 20 ms and did not heed its signal')
    expect(ended).toEqual([{ job: 1, outcome: failedWith('timed out') }])
  })
})

describe('a runner of jobs that stops', () => {
  it('finishes what runs, fails what waits, and takes nothing more', async () => {
    const { runner, ended, begun } = givenRunner({ concurrency: 1, graceMs: 60_000 })
    for (const number of [1, 2]) runner.take(job(number))
    await expect.poll(() => begun).toHaveLength(1)
    const stopping = runner.stop()
    runner.take(job(3))
    begun[0]?.end('fine')
    await stopping
    expect(ended).toEqual([
      { job: 2, outcome: failedWith('the worker is stopping') },
      { job: 1, outcome: { state: 'done', json: '"fine"' } },
    ])
  })

  it('aborts what is not done in time, and tells that also of what does not heed it', async () => {
    const { runner, ended, begun } = givenRunner()
    for (const number of [1, 2]) runner.take(job(number))
    await expect.poll(() => begun).toHaveLength(2)
    const { context, fail } = begun[0] ?? {}
    context?.signal.addEventListener('abort', () => fail?.(new Error('whatever')))
    await runner.stop()
    expect(ended).toEqual([
      { job: 1, outcome: failedWith('the worker is stopping') },
      { job: 2, outcome: failedWith('the worker is stopping') },
    ])
  })
})
