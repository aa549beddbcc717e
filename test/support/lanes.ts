import request from 'supertest'
import { expect } from 'vitest'
import type { TaskAnswer } from './http-tasks.js'
import { givenProcess, type TestProcess } from './process.js'
import { eventually } from './tasks.js'
import { givenWeb } from './web.js'

/** The product at work; see {@link givenLanes}. */
export interface Lanes {
  /** Where the page is. */
  web: string
  /** Names of task queues, each with a worker. */
  queues: string[]
  prodcons: TestProcess
  /** The names they listen as are `anna` and `berta`. */
  pubsub: [TestProcess, TestProcess]
  tasks: TestProcess
  all: TestProcess[]
}

/**
 * The whole product on a Redis of any kind: web process, a worker of each lane, and a schedule.
 *
 * @param env what each process gets besides REDIS_URL
 */
export async function givenLanes(
  redisUrl: string,
  queues: string[],
  env: Record<string, string> = {},
): Promise<Lanes> {
  const { process: page, url: web } = await givenWeb({ url: redisUrl }, '0', env)
  const tick = { every: '1s', task: { task: 'echo', queue: queues[0], data: { message: 'tick' } } }
  await request(web).put('/schedules/tick').send(tick).expect(201)
  const start = (name: string, more: Record<string, string>) =>
    givenProcess(`workers/${name}.js`, { REDIS_URL: redisUrl, LOG_FORMAT: 'json', ...env, ...more })
  const prodcons = start('prodcons', { DELIVERY: 'at-least-once' })
  const tasks = start('tasks', { QUEUES: queues.join() })
  const pubsub: Lanes['pubsub'] = [
    start('pubsub', { WORKER_NAME: 'anna' }),
    start('pubsub', { WORKER_NAME: 'berta' }),
  ]
  await Promise.all([prodcons, ...pubsub, tasks].map((worker) => worker.line(/waiting for|listening/)))
  return { web, queues, prodcons, pubsub, tasks, all: [page, prodcons, ...pubsub, tasks] }
}

/** Waits until all of Redis can be reached. */
export async function untilReadable({ web }: Lanes): Promise<void> {
  await eventually(() => request(web).get('/readyz').expect(200))
}

/** Shows that each lane works: what goes in comes out. */
export async function expectAllLanesToWork(lanes: Lanes, name: string): Promise<void> {
  await expectValueToArrive(lanes, name)
  await expectMessageToArrive(lanes, name)
  await expectTasksToBeDone(lanes)
  await expectScheduleToRun(lanes)
}

// Until it is accepted; and then once.
async function expectValueToArrive({ web, prodcons }: Lanes, value: string): Promise<void> {
  await eventually(() => request(web).post('/prodcons').send({ value }).expect(202))
  await prodcons.line(new RegExp(`Task get ${value} `))
}

// Until all listen.
async function expectMessageToArrive({ web, pubsub }: Lanes, message: string): Promise<void> {
  await eventually(async () => {
    const { body } = await request(web).post('/pubsub').send({ message }).expect(202)
    expect(body).toMatchObject({ receivers: pubsub.length })
  })
  await Promise.all(pubsub.map((worker) => worker.line(new RegExp(`Message get ${message} `))))
}

/** Enqueues a task in each queue, and waits until all are done. */
export async function expectTasksToBeDone({ web, queues }: Lanes, query = ''): Promise<void> {
  const tasks = queues.map((queue) => ({ task: 'echo', queue, data: { message: queue } }))
  const { body } = (await request(web).post(`/tasks${query}`).send(tasks).expect(202)) as {
    body: { tasks: TaskAnswer[] }
  }
  for (const { id } of body.tasks) {
    const { body: record } = await request(web).get(`/tasks/${id}?wait=20`).expect(200)
    expect(record).toMatchObject({ state: 'done' })
  }
}

// Once more, from now on.
async function expectScheduleToRun({ web }: Lanes): Promise<void> {
  const lastRun = async () => {
    const { body } = await request(web).get('/schedules/tick').expect(200)
    return (body as { lastRun: unknown }).lastRun
  }
  const before = await lastRun()
  await eventually(async () => expect(await lastRun()).not.toEqual(before))
}

/** Stops all processes in order. */
export async function expectOrderlyStop({ all }: Lanes): Promise<void> {
  for (const each of all) each.signal('SIGTERM')
  expect(await Promise.all(all.map((each) => each.exit()))).toEqual(all.map(() => 0))
}
