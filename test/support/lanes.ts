import type { FastifyInstance } from 'fastify'
import request from 'supertest'
import { expect } from 'vitest'
import { givenApp } from './app.js'
import type { TaskAnswer } from './http-tasks.js'
import { givenProcess, type TestProcess } from './process.js'
import { eventually } from './tasks.js'

/** What every process of a test gets besides REDIS_URL. */
type Env = Record<string, string>

/** The whole product on one Redis, of whatever kind: the web application, a worker of each lane, and a schedule. */
export async function givenLanes(redisUrl: string, queues: string[], env: Env = {}) {
  const app = await givenApp({ redisUrl })
  // Before there is a worker: one that runs looks for changes that others made every twelve seconds.
  const tick = { every: '1s', task: { task: 'echo', queue: queues[0], data: { message: 'tick' } } }
  await request(app.server).put('/schedules/tick').send(tick).expect(201)
  const base = { REDIS_URL: redisUrl, LOG_FORMAT: 'json', ...env }
  const lanes = {
    app,
    prodcons: givenProcess('workers/prodcons.js', { ...base, DELIVERY: 'at-least-once' }),
    pubsub: givenProcess('workers/pubsub.js', { ...base, WORKER_NAME: 'anna' }),
    other: givenProcess('workers/pubsub.js', { ...base, WORKER_NAME: 'berta' }),
    tasks: givenProcess('workers/tasks.js', { ...base, QUEUES: queues.join(), SHUTDOWN_GRACE: '5s' }),
  }
  await Promise.all([
    lanes.prodcons.line(/waiting for values/),
    lanes.pubsub.line(/listening/),
    lanes.other.line(/listening/),
    lanes.tasks.line(/waiting for tasks/),
  ])
  return lanes
}

/** Waits until all of Redis can be reached. */
export async function untilReadable(app: FastifyInstance): Promise<void> {
  await eventually(() => request(app.server).get('/readyz').expect(200))
}

/** Sends a value through the prodcons lane, until it is accepted, and waits for its worker to have printed it. */
export async function expectValueToArrive(app: FastifyInstance, worker: TestProcess, value: string) {
  await eventually(() => request(app.server).post('/prodcons').send({ value }).expect(202))
  await worker.line(new RegExp(`Task get ${value} `))
}

/** Publishes until so many listen, and waits for each of them to have printed the message. */
export async function expectMessageToArrive(app: FastifyInstance, workers: TestProcess[], message: string) {
  await eventually(async () => {
    const { body } = await request(app.server).post('/pubsub').send({ message }).expect(202)
    expect(body).toMatchObject({ receivers: workers.length })
  })
  await Promise.all(workers.map((worker) => worker.line(new RegExp(`Message get ${message} `))))
}

/** Enqueues a task in each queue and waits until all are done. */
export async function expectTasksToBeDone(app: FastifyInstance, queues: string[], query = ''): Promise<void> {
  const tasks = queues.map((queue) => ({ task: 'echo', queue, data: { message: queue } }))
  const { body } = (await request(app.server).post(`/tasks${query}`).send(tasks).expect(202)) as {
    body: { tasks: TaskAnswer[] }
  }
  for (const { id } of body.tasks) {
    const { body: record } = await request(app.server).get(`/tasks/${id}?wait=20`).expect(200)
    expect(record).toMatchObject({ state: 'done' })
  }
}

/** Waits until the schedule has enqueued a task later than `afterMs`, ms since 1970. */
export async function expectScheduleToRun(app: FastifyInstance, afterMs = 0): Promise<void> {
  await eventually(async () => {
    const { body } = (await request(app.server).get('/schedules/tick').expect(200)) as {
      body: { lastRun: { enqueuedAt: string } | null }
    }
    expect(Date.parse(body.lastRun?.enqueuedAt ?? '')).toBeGreaterThan(afterMs)
  })
}
