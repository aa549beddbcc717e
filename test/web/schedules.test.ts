import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { messageOf } from '../support/answers.js'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const echo = { task: 'echo', data: { message: { text: 'hi', list: [] } } }

async function givenClient() {
  const app = await givenApp({ redisUrl: redis.url })
  const at = (name: string) => `/schedules/${name}`
  return {
    get: (name: string) => request(app.server).get(at(name)),
    list: () => request(app.server).get('/schedules'),
    put: (name: string, body: object) => request(app.server).put(at(name)).send(body),
    remove: (name: string) => request(app.server).delete(at(name)),
  }
}

describe('PUT /schedules/:name', () => {
  it('creates a schedule and answers with it and its next runs', async () => {
    const client = await givenClient()
    const body = {
      cron: '0 12 * * *',
      timezone: 'Europe/Berlin',
      task: { ...echo, queue: 'mail', attempts: 2 },
    }
    const answer = await client.put('noon', body).expect(201).expect('location', '/schedules/noon')
    expect(answer.body).toMatchObject({ name: 'noon', ...body, lastRun: null })
    const { nextRun, nextRuns } = answer.body as { nextRun: string; nextRuns: string[] }
    expect(nextRuns).toHaveLength(5)
    expect(nextRuns[0]).toBe(nextRun)
    const inBerlin = { timeZone: 'Europe/Berlin', hour: '2-digit', minute: '2-digit' } as const
    expect(new Set(nextRuns.map((run) => new Date(run).toLocaleTimeString('de', inBerlin)))).toEqual(
      new Set(['12:00']),
    )
    expect((await client.get('noon').expect(200)).body).toEqual(answer.body)
  })

  it('changes it at once, and leaves it alone when nothing is new', async () => {
    const client = await givenClient()
    const first = await client.put('s', { every: '1h', task: echo }).expect(201)
    const second = await client.put('s', { every: '1h', task: echo }).expect(200)
    expect(second.body).toEqual(first.body)
    const third = await client.put('s', { cron: '@hourly', task: echo }).expect(200)
    expect(third.body).toMatchObject({ cron: '@hourly', timezone: 'UTC' })
    expect(third.body).not.toHaveProperty('every')
  })

  it.each([
    ['an expression', { cron: '99 * * * *', task: echo }, /cron: .*99/],
    ['a time that never comes', { cron: '0 0 30 2 *', task: echo }, /cron: /],
    ['a time zone', { cron: '* * * * *', timezone: 'Berlin', task: echo }, /timezone: .*Berlin/],
    ['a period', { every: '10ms', task: echo }, /every: .*10ms/],
    ['no timing', { task: echo }, /cron, every: /],
    ['no task', { every: '1m' }, /body\.task: expected, but missing/],
    [
      'an unknown task',
      { every: '1m', task: { task: 'nope' } },
      /^task\.task: expected one of .*echo.* got "nope"/,
    ],
    ['bad data', { every: '1m', task: { task: 'sleep', data: { seconds: -1 } } }, /^task\.data\.seconds: /],
    ['a bad option', { every: '1m', task: { ...echo, attempts: 0 } }, /body\.task\.attempts: /],
    ['a bad duration', { every: '1m', task: { ...echo, timeout: 'long' } }, /^task\.timeout: /],
    ['no time', { every: '1m', task: { ...echo, timeout: '0s' } }, /^task\.timeout: expected 1 ms at least/],
    [
      'a backoff of ages',
      { every: '1m', task: { ...echo, backoff: [10 ** 14] } },
      /^task\.backoff: expected/,
    ],
    ['a key', { every: '1m', task: { ...echo, key: 'k' } }, /body\.task\.key: there is no such field/],
    ['a delay', { every: '1m', task: { ...echo, delay: '5s' } }, /body\.task\.delay: there is no such field/],
    ['an instant', { every: '1m', task: { ...echo, at: 5 } }, /body\.task\.at: there is no such field/],
    ['an unknown field', { every: '1m', task: echo, often: 1 }, /body\.often: there is no such field/],
  ])('refuses %s that is wrong, naming the field', async (_what, body, message) => {
    const client = await givenClient()
    expect(messageOf(await client.put('s', body).expect(400))).toMatch(message)
    await client.get('s').expect(404)
  })

  it('refuses a name that could not be a part of a key', async () => {
    const client = await givenClient()
    expect(messageOf(await client.put('a%7Db', { every: '1m', task: echo }).expect(400))).toMatch(
      /params\.name/,
    )
  })
})

describe('GET /schedules', () => {
  it('lists all schedules with their tasks, next and last runs', async () => {
    const client = await givenClient()
    await client.put('b', { every: '1h', task: echo }).expect(201)
    await client.put('a', { cron: '0 0 1 1 *', task: echo }).expect(201)
    const run = { id: 'default.nxxxxxxxxxxxxxxxx', dueAt: 1000, at: 1005 }
    await redis.client.hset('{task:schedules}:last', 'b', JSON.stringify(run))
    const answer = await client.list().expect(200)
    expect(answer.body).toMatchObject({
      schedules: [
        { name: 'a', cron: '0 0 1 1 *', timezone: 'UTC', task: echo, lastRun: null },
        {
          name: 'b',
          every: '1h',
          lastRun: {
            task: run.id,
            dueAt: '1970-01-01T00:00:01.000Z',
            enqueuedAt: '1970-01-01T00:00:01.005Z',
          },
        },
      ],
    })
  })

  it.each(['constructor', '__proto__', 'toString'])('lists one that is named %s', async (name) => {
    const client = await givenClient()
    await client.put(name, { every: '1h', task: echo }).expect(201)
    const { body } = await client.list().expect(200)
    expect((body as { schedules: object[] }).schedules).toMatchObject([{ name, lastRun: null }])
    expect((await client.get(name).expect(200)).body).toMatchObject({ name })
  })

  it('says where there is none', async () => {
    const client = await givenClient()
    expect((await client.list().expect(200)).body).toEqual({ schedules: [] })
    expect((await client.get('none').expect(404)).body).toMatchObject({ code: 'NO_SUCH_SCHEDULE' })
  })
})

describe('DELETE /schedules/:name', () => {
  it('deletes it', async () => {
    const client = await givenClient()
    await client.put('s', { every: '1h', task: echo }).expect(201)
    await client.remove('s').expect(204)
    await client.get('s').expect(404)
    await client.remove('s').expect(404)
  })
})
