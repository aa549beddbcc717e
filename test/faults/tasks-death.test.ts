import { describe, expect, it } from 'vitest'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, untilIdle } from '../support/tasks.js'

const redis = useRedis()

/** What the issue promises at default settings. */
const takenOverWithinMs = 10_000

describe('a worker that is killed', () => {
  it('has its running tasks run elsewhere within 10 seconds, the attempt counted', async () => {
    const tasks = await givenTasks(redis)
    const [victim] = await givenWorkers(tasks, 1, { WORKER_NAME: 'victim' })
    const ids = await Promise.all([1, 2, 3].map(() => tasks.enqueue('work', { ms: 60_000 })))
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(3))
    await givenWorkers(tasks, 1, { WORKER_NAME: 'heir' })

    const killedAt = Date.now()
    victim?.signal('SIGKILL')
    await eventually(() => expect(tasks.ledger.runs).toHaveLength(6))

    const delays = tasks.ledger.runs.slice(3).map(({ startedAt }) => startedAt - killedAt)
    console.info(`taken over after ${delays.join(', ')} ms`)
    expect(Math.max(...delays)).toBeLessThan(takenOverWithinMs)
    for (const id of ids) {
      const record = await tasks.find(id)
      expect(record).toMatchObject({
        state: 'active',
        attempt: 2,
        worker: expect.stringMatching(/^heir~/) as string,
      })
      expect(record?.attempts).toMatchObject([
        { attempt: 1, worker: expect.stringMatching(/^victim~/) as string },
      ])
      expect(record?.attempts[0]?.error.message).toMatch(/^the worker victim~\S+ died/)
    }
  })

  it('leaves nothing behind when it was idle: what comes then is run by another', async () => {
    const tasks = await givenTasks(redis)
    const [victim] = await givenWorkers(tasks, 2)
    victim?.signal('SIGKILL')
    await victim?.exit()

    const ids = await tasks.enqueueMany(20, 'work')
    for (const id of ids) expect(await tasks.untilState(id, 'done')).toMatchObject({ attempts: [] })
    expect(await tasks.audit()).toMatchObject({ difference: 0, done: 20 })
  })

  it('has what it was only handed given back, no attempt counted', async () => {
    const tasks = await givenTasks(redis)
    const [victim] = await givenWorkers(tasks, 1)
    await untilIdle(tasks, 1)
    victim?.signal('SIGSTOP') // Redis will hand its blocked read a task that it cannot start
    const id = await tasks.enqueue('work')
    await givenWorkers(tasks, 1)
    expect(await tasks.audit()).toMatchObject({ held: 1 })

    expect(await tasks.untilState(id, 'done')).toMatchObject({ attempt: 1, attempts: [] })
    victim?.signal('SIGKILL')
  })
})

describe('a task that kills its worker', () => {
  it('is dead after its attempts, with that reason', async () => {
    const tasks = await givenTasks(redis)
    const workers = await givenWorkers(tasks, 3)
    const id = await tasks.enqueue('crash', {}, { options: { a: 2, b: { type: 'fixed', delayMs: 10 } } })
    const record = await tasks.untilState(id, 'dead', 30_000)

    expect(record.error?.message).toMatch(/died/)
    expect(record.attempts).toHaveLength(2)
    expect(tasks.ledger.of(id)).toHaveLength(2)
    expect(workers.filter(({ isRunning }) => isRunning)).toHaveLength(1)
  })
})
