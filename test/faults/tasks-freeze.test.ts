import { expect, it } from 'vitest'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers } from '../support/tasks.js'

const redis = useRedis()

it('discards the outcome of a worker that was frozen past its lease, and says so; it works on afterwards', async () => {
  const tasks = await givenTasks(redis)
  const [frozen] = await givenWorkers(tasks, 1, { WORKER_NAME: 'frozen' })
  // Deaf to its signal, so that it does come to an end and tries to settle.
  const id = await tasks.enqueue('work', { ms: 8000, deaf: true })
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
  const [other] = await givenWorkers(tasks, 1, { WORKER_NAME: 'other' })

  frozen?.signal('SIGSTOP')
  await eventually(() => expect(tasks.ledger.of(id)).toHaveLength(2))
  frozen?.signal('SIGCONT')

  await frozen?.line(/the outcome is discarded/)
  const record = await tasks.untilState(id, 'done')
  expect(record).toMatchObject({ attempt: 2, result: { attempt: 2, pid: other?.pid } })
  expect(record.worker).toMatch(/^other~/)
  expect(record.attempts).toMatchObject([{ attempt: 1, worker: expect.stringMatching(/^frozen~/) as string }])

  other?.signal('SIGKILL')
  await other?.exit()
  const next = await tasks.enqueue('work')
  expect(await tasks.untilState(next, 'done')).toMatchObject({ result: { pid: frozen?.pid } })
})

it('aborts the runs of a worker that was frozen and lost its lease', async () => {
  const tasks = await givenTasks(redis)
  const [frozen] = await givenWorkers(tasks, 1)
  const id = await tasks.enqueue('work', { ms: 60_000 })
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(1))
  await givenWorkers(tasks, 1)

  frozen?.signal('SIGSTOP')
  await eventually(() => expect(tasks.ledger.of(id)).toHaveLength(2))
  frozen?.signal('SIGCONT')

  await frozen?.line(/the lease was lost/)
  await eventually(() => expect(tasks.ledger.of(id)[0]).toMatchObject({ ended: { event: 'abort' } }))
  expect(await tasks.find(id)).toMatchObject({ state: 'active', attempt: 2 })
})

it('takes nobody for dead because Redis was away for longer than a lease', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  const ids = await tasks.enqueueMany(10, 'work', { ms: 9000 })
  await eventually(() => expect(tasks.ledger.runs).toHaveLength(10))

  redis.freeze()
  const frozenAt = Date.now()
  await eventually(() => expect(Date.now() - frozenAt).toBeGreaterThan(6500))
  redis.thaw()

  await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 10 }))
  expect(tasks.ledger.runs).toHaveLength(10)
  for (const id of ids) expect(await tasks.find(id)).toMatchObject({ attempt: 1, attempts: [] })
})
