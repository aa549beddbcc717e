import { describe, expect, it, onTestFinished } from 'vitest'
import Type from 'typebox'
import { task, TaskQueue, type TaskQueueOptions, Worker } from '../../src/index.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const note = { input: Type.Object({ of: Type.String() }) }

function givenQueue(options: Partial<TaskQueueOptions> = {}): TaskQueue {
  const queue = new TaskQueue({ redisUrl: redis.url, name: 'reports', ...options })
  onTestFinished(() => queue.close())
  return queue
}

describe('schedules of the library', () => {
  it('are told with their next run and what they enqueue', async () => {
    const queue = givenQueue()
    const timing = { cron: '0 7 * * 1-5', timezone: 'Europe/Berlin' }
    await queue.schedule('daily', timing, {
      task: 'note',
      data: { of: 'day' },
      attempts: 5,
      priority: 'high',
    })
    const [schedule] = await queue.schedules()
    expect(schedule).toMatchObject({
      name: 'daily',
      timing,
      task: { task: 'note', data: { of: 'day' }, attempts: 5, priority: 'high' },
      lastRun: undefined,
    })
    expect(schedule?.nextRunAt).toBeGreaterThan(Date.now())
  })

  it('are changed by name, and nothing changes when the same is said again', async () => {
    const queue = givenQueue()
    const put = (every: string) => queue.schedule('s', { every }, { task: 'note' })
    expect([await put('1h'), await put('1h'), await put('2h')]).toEqual(['created', 'unchanged', 'changed'])
    expect(await queue.schedules()).toHaveLength(1)
  })

  it('of another queue are neither told nor ended', async () => {
    const [queue, other] = [givenQueue(), givenQueue({ name: 'other' })]
    await other.schedule('theirs', { every: '1h' }, { task: 'note' })
    expect(await queue.schedules()).toEqual([])
    expect(await queue.unschedule('theirs')).toBe(false)
    expect(await queue.unschedule('nobodys')).toBe(false)
    expect(await other.schedules()).toHaveLength(1)
  })

  it.each([
    ['a name with spaces', ['a b', { every: '1s' }, { task: 'note' }], 'name: expected'],
    ['no timing', ['s', {}, { task: 'note' }], 'cron, every: expected one of them, got none'],
    ['a wrong cron', ['s', { cron: 'often' }, { task: 'note' }], 'cron: expected'],
    ['a delay', ['s', { every: '1s' }, { task: 'note', delay: 5 }], 'delay: not for a schedule'],
    ['a wrong setting', ['s', { every: '1s' }, { task: 'note', attempts: 0 }], 'attempts: expected'],
  ] as [string, unknown[], string][])('refuse %s', async (_what, given, message) => {
    const queue = givenQueue()
    const schedule = queue.schedule(...(given as Parameters<TaskQueue['schedule']>))
    await expect(schedule).rejects.toThrow(message)
  })
})

describe('the library refuses by name', () => {
  const worker = (options: object) => () => new Worker({ redisUrl: redis.url, tasks: {}, ...options })

  it.each([
    ['redisUrl', { redisUrl: 'localhost:6379' }],
    ['queues', { queues: [] }],
    ['queues', { queues: 'default' }],
    ['queues.1', { queues: ['ok', 'not ok'] }],
    ['concurrency', { concurrency: 0 }],
    ['concurrency', { concurrency: 1.5 }],
    ['concurrency', { concurrency: '10' }],
    ['concurrency', { concurrency: NaN }],
    ['name', { name: '' }],
    ['graceMs', { graceMs: -1 }],
    ['resultTtlMs', { resultTtlMs: Infinity }],
    ['maxLength', { maxLength: null }],
    ['tasks', { tasks: undefined }],
    ['tasks.greet', { tasks: { greet: { run: () => 1 } } }],
  ])("a worker's wrong %s: %j", (option, wrong) => {
    expect(worker(wrong)).toThrow(TypeError)
    expect(worker(wrong)).toThrow(`${option}: expected `)
  })

  it("a handler's wrong setting", () => {
    const tasks = { greet: task({ ...note, attempts: 0, run: () => 1 }) }
    expect(worker({ tasks })).toThrow('tasks.greet.attempts: expected a whole number from 1 on, got 0')
  })

  it.each([
    ['redisUrl', { redisUrl: undefined }],
    ['name', { name: 'a queue' }],
    ['name', { name: '{a}' }],
    ['maxLength', { maxLength: -1 }],
    ['resultTtlMs', { resultTtlMs: 0.5 }],
  ])("a queue's wrong %s: %j", (option, wrong) => {
    const queue = () => new TaskQueue({ redisUrl: redis.url, ...wrong } as TaskQueueOptions)
    expect(queue).toThrow(TypeError)
    expect(queue).toThrow(`${option}: expected `)
  })
})
