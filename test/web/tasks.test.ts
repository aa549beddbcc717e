import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'
import { echo, givenTask, type TaskAnswer as Answer } from '../support/http-tasks.js'

const redis = useRedis()
describe('POST /tasks', () => {
  it('answers with the record and where to find it', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { body, headers } = await request(app.server)
      .post('/tasks')
      .send({ ...echo, priority: 'high' })
      .expect(202)
    expect(body).toMatchObject({
      task: 'echo',
      queue: 'default',
      state: 'waiting',
      priority: 'high',
      attempt: 0,
    })
    expect(headers.location).toBe(`/tasks/${(body as Answer).id}`)
    await request(app.server)
      .get(String(headers.location))
      .expect(200, /"data":\{"message":"hello"\}/)
  })

  it('keeps data exactly: empty arrays, Unicode and nesting', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const message = { list: [], object: {}, text: '\u2028\n\t\u0001日本', deep: [[[null, true, 1.5]]] }
    const { id } = await givenTask(app, { task: 'echo', data: { message } })
    const { body } = await request(app.server).get(`/tasks/${id}`)
    expect((body as { data: unknown }).data).toEqual({ message })
  })

  it.each([
    [{ task: 'nope' }, /task: expected one of .*echo/],
    [{ data: {} }, /task/],
    [{ task: 'sleep', data: { seconds: 'x' } }, /data\.seconds/],
    [{ task: 'sleep', data: { seconds: -1 } }, /data\.seconds/],
    [{ ...echo, delay: 'soon' }, /delay: expected a duration/],
    [{ ...echo, at: 'tomorrow' }, /at: expected ISO 8601/],
    [{ ...echo, delay: '1s', at: 5 }, /delay, at/],
    [{ ...echo, at: 9e15 }, /at: expected a time from 1970 to 36500d from now/],
    [{ ...echo, at: '-000001-01-01T00:00:00Z' }, /at: expected a time from 1970/],
    [{ ...echo, at: -1 }, /at: /],
    [{ ...echo, delay: '999999999999d' }, /delay: expected 36500d at most/],
    [{ ...echo, delay: 999_999_999_999_999 }, /delay: /],
    [{ ...echo, backoff: { type: 'fixed', delay: '99999999d' } }, /backoff\.delay: expected 36500d/],
    [{ ...echo, backoff: [1, '99999999d'] }, /backoff: expected 36500d/],
    [{ ...echo, timeout: 0 }, /timeout: expected 1 ms at least, got 0/],
    [{ ...echo, attempts: 0 }, /attempts/],
    [{ ...echo, priority: 'urgent' }, /priority/],
    [{ ...echo, queue: 'a b' }, /queue/],
    [{ ...echo, queue: '..' }, /queue/],
    [{ ...echo, backoff: { type: 'fixed' } }, /backoff/],
    [{ ...echo, colour: 'red' }, /colour/],
    ['[1', /JSON/],
    ['null', /task/],
    ['"echo"', /task/],
    ['{"task":"echo","data":{"message":12345678901234567890}}', /data\.message: .*2\^53/],
  ])('refuses %j and names the field', async (body, message) => {
    const app = await givenApp({ redisUrl: redis.url })
    const { body: answer } = await request(app.server)
      .post('/tasks')
      .set('content-type', 'application/json')
      .send(typeof body === 'string' ? body : JSON.stringify(body))
      .expect(400)
    expect((answer as { message: string }).message).toMatch(message)
    expect(await redis.client.keys('*task:queue*')).toEqual([])
  })

  it('schedules what is delayed, and takes what is past at once', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    expect(await givenTask(app, { ...echo, delay: '1h' })).toMatchObject({ state: 'scheduled' })
    expect(await givenTask(app, { ...echo, at: '2099-01-01T00:00:00Z' })).toMatchObject({
      state: 'scheduled',
    })
    expect(await givenTask(app, { ...echo, at: 5 })).toMatchObject({ state: 'waiting' })
  })

  it('answers an array one by one, in its order', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { body } = await request(app.server)
      .post('/tasks')
      .send([echo, { task: 'nope' }, echo])
      .expect(202)
    const { tasks } = body as { tasks: object[] }
    expect(tasks).toMatchObject([{ state: 'waiting' }, { statusCode: 400 }, { state: 'waiting' }])
  })

  it('answers an array of which nothing was taken with the reason that all share', async () => {
    const app = await givenApp({ redisUrl: redis.url, maxLength: 1 })
    const post = (tasks: object[]) => request(app.server).post('/tasks').send(tasks)
    const bad = { task: 'nope' }
    const answer = await post([bad, bad]).expect(400)
    expect(answer.body).toMatchObject({ code: 'BAD_TASK', tasks: [{ statusCode: 400 }, { statusCode: 400 }] })
    await post([echo, bad, echo]).expect(202)
    const { body, headers } = await post([echo, echo]).expect(429)
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(body).toMatchObject({ code: 'QUEUE_FULL', tasks: [{ statusCode: 429 }, { statusCode: 429 }] })
    await post([echo, bad]).expect(202)
  })

  it('answers NDJSON line by line; a bad line does not stop the others', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const lines = [JSON.stringify(echo), 'bad', '', JSON.stringify({ task: 'nope' }), JSON.stringify(echo)]
    const { text } = await request(app.server)
      .post('/tasks')
      .set('content-type', 'application/x-ndjson')
      .send(lines.join('\n'))
      .buffer(true)
      .parse((res, done) => {
        let all = ''
        res.setEncoding('utf8').on('data', (chunk: string) => (all += chunk))
        res.on('end', () => done(null, all))
      })
      .expect(202)
      .then(({ body }) => ({ text: body as string }))
    const answers = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object)
    expect(answers).toMatchObject([
      { line: 1, state: 'waiting' },
      { line: 2, statusCode: 400 },
      { line: 4, statusCode: 400 },
      { line: 5, state: 'waiting' },
    ])
  })

  it('answers 429 with Retry-After when the queue is full, and takes nothing', async () => {
    const app = await givenApp({ redisUrl: redis.url, maxLength: 1 })
    await givenTask(app)
    const { headers } = await request(app.server).post('/tasks').send(echo).expect(429)
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(await redis.client.hlen('{task:queue:default}:tasks')).toBe(1)
  })

  it('keeps a producer that waits until there is room', async () => {
    const app = await givenApp({ redisUrl: redis.url, maxLength: 1 })
    const { id } = await givenTask(app)
    const waiting = request(app.server).post('/tasks?wait=20').send(echo)
    const answered = waiting.expect(202).then(({ body }) => (body as Answer).state)
    await request(app.server).post('/queues/default/reserve').expect(200)
    expect(await answered).toBe('waiting')
    await request(app.server)
      .get(`/tasks/${id}`)
      .expect(200, /"state":"active"/)
  })

  it('refuses a wait that is no number of seconds', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).post('/tasks?wait=soon').send(echo).expect(400, /wait/)
  })
})

describe('a task', () => {
  it('is cancelled once', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app)
    await request(app.server)
      .delete(`/tasks/${id}`)
      .expect(200, /"state":"cancelled"/)
    await request(app.server).delete(`/tasks/${id}`).expect(409)
    await request(app.server).post('/queues/default/reserve').expect(204)
  })

  it('that is dead is cancelled too', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app)
    const { body } = await request(app.server).post('/queues/default/reserve').expect(200)
    const failure = request(app.server).post(`/leases/${(body as { lease: string }).lease}/fail`)
    await failure.send({ retry: false }).expect(200, /"state":"dead"/)
    await request(app.server)
      .delete(`/tasks/${id}`)
      .expect(200, /"state":"cancelled"/)
  })

  it('waits again when it was cancelled and is retried', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app)
    await request(app.server).post(`/tasks/${id}/retry`).expect(409)
    await request(app.server).delete(`/tasks/${id}`).expect(200)
    await request(app.server)
      .post(`/tasks/${id}/retry`)
      .expect(202, /"state":"waiting"/)
    await request(app.server).post('/queues/default/reserve').expect(200, new RegExp(id))
  })

  it.each(['nonsense', 'default.n0000000000000000', 'default.x', '%2e%2e'])('%s is not found', async (id) => {
    const app = await givenApp({ redisUrl: redis.url })
    await request(app.server).get(`/tasks/${id}`).expect(404)
    await request(app.server).delete(`/tasks/${id}`).expect(404)
    await request(app.server).get(`/tasks/${id}/explain`).expect(404)
  })

  it('is waited for until it has finished', async () => {
    const app = await givenApp({ redisUrl: redis.url })
    const { id } = await givenTask(app)
    const finished = request(app.server).get(`/tasks/${id}?wait=20`).expect(200)
    const answer = finished.then(({ body }) => body as object)
    const { body } = await request(app.server).post('/queues/default/reserve').expect(200)
    await request(app.server)
      .post(`/leases/${(body as { lease: string }).lease}/ack`)
      .send({ result: { sum: [] } })
      .expect(200)
    expect(await answer).toMatchObject({ state: 'done', result: { sum: [] }, attempt: 1, progress: 1 })
  })
})
