import request from 'supertest'
import { expect, it, vi } from 'vitest'
import { parseChanges } from '../../src/web/live/task-events.js'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'
import { openEvents } from '../support/sse.js'
import { givenTasks, givenWorkers } from '../support/tasks.js'

const redis = useRedis()

interface TaskEvent {
  id: string
  state: string
  progress?: number
}

async function givenStream() {
  const app = await givenApp({ redisUrl: redis.url })
  await vi.waitFor(async () => expect(await redis.client.pubsub('CHANNELS')).toContain('task:changes'))
  const stream = await openEvents(app)
  await stream.next('snapshot')
  return { app, stream }
}

it('tells of each state of a task and of its progress', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1, { TASKS_DIR: 'dist/workers/tasks' })
  const { app, stream } = await givenStream()
  const sent = { task: 'sleep', data: { seconds: 0.6 }, delay: 50 }
  const { body } = await request(app.server).post('/tasks').send(sent).expect(202)
  const { id: taskId } = body as { id: string }
  await stream.next<TaskEvent>('task', ({ id, state }) => id === taskId && state === 'done')

  const events = stream.named<TaskEvent>('task').map(({ data }) => data)
  expect(events.every(({ id }) => id === taskId)).toBe(true)
  expect([...new Set(events.map(({ state }) => state))]).toEqual(['scheduled', 'active', 'done'])
  const fractions = events.flatMap(({ progress }) => progress ?? [])
  expect(fractions.length).toBeGreaterThan(0)
  expect([...fractions].sort()).toEqual(fractions)
})

it('tells when workers come, work and go', async () => {
  const { app, stream } = await givenStream()
  const tasks = await givenTasks(redis)
  const [worker] = await givenWorkers(tasks, 1, { WORKER_NAME: 'ann', TASKS_DIR: 'dist/workers/tasks' })
  const is = (state: string) => (event: { name: string; state: string }) =>
    event.name === 'ann' && event.state === state
  await stream.next('worker', is('idle'))
  const sent = { task: 'sleep', data: { seconds: 3 } }
  const { body } = await request(app.server).post('/tasks').send(sent).expect(202)
  await stream.next('worker', is('working'))
  await request(app.server)
    .delete(`/tasks/${(body as { id: string }).id}`)
    .expect(200)
  worker?.signal('SIGTERM')
  await stream.next('worker', is('gone'))
})

it.each([
  'nonsense',
  '1',
  'null',
  '{}',
  '{"queue":"q","changes":[1,null,["a"],[1,2]]}',
  '{"queue":1,"changes":[]}',
])('passes over a message that says nothing: %s', (message) => {
  expect(parseChanges(message)).toEqual([])
})
