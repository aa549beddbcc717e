import { expect, it } from 'vitest'
import { taskList } from '../../src/queue/names.js'
import { type Outcome, TaskConsumer } from '../../src/queue/task-consumer.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, ownId } from '../support/tasks.js'

const redis = useRedis()

const list = taskList('default')
const leaseMs = 5000
const retention = { resultTtlMs: 60_000, deadMax: 10, deadTtlMs: 60_000 }

it('tells tasks of a batch apart whatever bytes bare values are made of', async () => {
  const { tasks, ann } = await given()
  const values = [
    '\u0001',
    'a\u0001b',
    '',
    '\n',
    '\t\t\n',
    `\u0002${'#'.repeat(17)}`,
    `\u0002${'n'.repeat(16)}`,
    '€\u0001',
  ]
  await redis.client.lpush(list, ...values)
  const id = await tasks.enqueue('work', { text: 'a\u0001b' })

  const { tasks: taken } = await ann.reserve(20)
  expect(taken.map(({ data }) => data)).toEqual([...values, '{"text":"a\\u0001b"}'])
  expect(taken.at(-1)).toMatchObject({ id: ownId(id), name: 'work', failed: 0 })
  expect(new Set(taken.map((task) => task.id)).size).toBe(values.length + 1)
})

it('takes a batch of large tasks, which come one by one', async () => {
  const { tasks, ann } = await given()
  const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(150_000))
  for (const text of texts) await tasks.enqueue('work', { text })
  const { tasks: taken } = await ann.reserve(4)
  expect(taken.map(({ data }) => data)).toEqual(texts.map((text) => JSON.stringify({ text })))
})

it('takes nothing for a task of which only a second reference is left', async () => {
  const { tasks, ann } = await given()
  const id = ownId(await tasks.enqueue('work'))
  await redis.client.lpush(list, `\u0002${id}`)
  expect((await ann.reserve(5)).tasks).toHaveLength(2)
  expect(await ann.settle([{ id, outcome: { kind: 'done', detail: '1' } }])).toEqual([])
  expect(await ann.adopt(`\u0004${id}`, '')).toEqual({ state: 'nothing' })
})

it('counts the failed attempts of each task of a batch', async () => {
  const { tasks, ann } = await given()
  await tasks.enqueue('work')
  const [first] = (await ann.reserve(1)).tasks
  const error = { name: 'Error', message: 'no' }
  const attempt = { attempt: 1, worker: 'ann', startedAt: 0, endedAt: 0, error }
  await ann.settle([{ id: first?.id ?? '', attempt: 1, outcome: { kind: 'retry', delayMs: 0, attempt } }])
  await tasks.enqueue('work')

  const { tasks: taken } = await ann.reserve(5)
  expect(taken.map(({ failed }) => failed)).toEqual([1, 0])
})

it('settles a batch in which each task ended in its own way, in any order, and says which were lost', async () => {
  const { tasks, ann } = await given()
  const ids = []
  for (let n = 0; n < 7; n += 1) ids.push(await tasks.enqueue('work', { n }))
  const { tasks: taken } = await ann.reserve(7)
  const outcomes: Outcome[] = [
    { kind: 'done', detail: '1' },
    { kind: 'done', detail: '"two"' },
    { kind: 'postpone', delayMs: 60_000 },
    { kind: 'done', detail: '1' },
    { kind: 'cancelled', detail: '{"message":"cancelled"}' },
    { kind: 'return' },
  ]
  const order = [3, 0, 1, 4, 2, 5]
  const settlements = order.map((n) => ({
    id: taken[n]?.id ?? '',
    attempt: 1,
    startedAt: 5,
    outcome: outcomes[n] as Outcome,
  }))
  const foreign = {
    id: `n${'0'.repeat(16)}`,
    attempt: 1,
    startedAt: 5,
    outcome: { kind: 'done', detail: '1' },
  } as const

  expect(await ann.settle([foreign, ...settlements, foreign])).toEqual([foreign, foreign])
  const records = await Promise.all(ids.map((id) => tasks.find(id)))
  expect(records.map((record) => record?.state)).toEqual([
    ...['done', 'done', 'scheduled', 'done', 'cancelled', 'waiting', 'active'],
  ])
  expect(records.map((record) => record?.result)).toEqual([
    1,
    'two',
    undefined,
    1,
    undefined,
    undefined,
    undefined,
  ])
  expect(await tasks.counts()).toMatchObject({ active: 1, waiting: 1, delayed: 1 })
  expect(await ann.settle(settlements)).toEqual(settlements)
})

async function given() {
  const tasks = await givenTasks(redis)
  const ann = new TaskConsumer(redis.client, { queue: 'default', id: 'ann' }, retention)
  await ann.heartbeat(leaseMs)
  return { tasks, ann }
}
