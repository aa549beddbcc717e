import type { FastifyInstance } from 'fastify'
import { parse } from 'node-html-parser'
import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { dictionary } from '../../src/web/language/dictionary.js'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, type Tasks } from '../support/tasks.js'

const redis = useRedis()

async function givenPages() {
  const tasks = await givenTasks(redis)
  const app = await givenApp({ redisUrl: redis.url })
  return { tasks, app }
}

async function open(app: FastifyInstance, path: string, status = 200, headers = {}) {
  const { text } = await request(app.server)
    .get(path)
    .set({ accept: 'text/html', ...headers })
    .expect(status)
  const html = parse(text)
  return { text, html, words: (html.querySelector('main')?.textContent ?? '').replace(/\s+/g, ' ') }
}

const send = (app: FastifyInstance, path: string, fields: Record<string, string | string[]>) =>
  request(app.server).post(path).type('form').set('accept', 'text/html').send(fields)

/** Dead tasks, made as a worker in another language would. */
async function givenDead(app: FastifyInstance, tasks: Tasks, count: number, error = 'no luck') {
  const ids = await tasks.enqueueMany(count, 'echo', { message: '<script>alert(1)</script>' })
  for (let i = 0; i < count; i++) {
    const { body } = await request(app.server).post('/queues/default/reserve').expect(200)
    const { lease } = body as { lease: string }
    await request(app.server).post(`/leases/${lease}/fail`).send({ error, retry: false }).expect(200)
  }
  return ids
}

describe('the page of a queue', () => {
  it('shows its numbers and the tasks of a state, a page at a time', async () => {
    const { tasks, app } = await givenPages()
    await tasks.enqueueMany(60, 'echo', { message: 1 })
    const { html } = await open(app, '/queues/default')
    expect(html.querySelector('[data-field="waiting"]')?.text).toBe('60')
    expect(html.querySelectorAll('input[name="ids"]')).toHaveLength(50)
    const next = html.querySelector('a[rel="next"]')?.getAttribute('href') ?? ''
    const { html: second } = await open(app, next.replace('&amp;', '&'))
    expect(second.querySelectorAll('input[name="ids"]')).toHaveLength(10)
    expect(second.querySelector('a[rel="next"]')).toBeNull()
  })

  it('is JSON for a program', async () => {
    const { app } = await givenPages()
    const { body } = await request(app.server).get('/queues/default').expect(200)
    expect(body).toMatchObject({ name: 'default', waiting: 0 })
  })

  it('groups the dead by task and error, whatever numbers are in it', async () => {
    const { tasks, app } = await givenPages()
    await givenDead(app, tasks, 2, 'timeout of 10 ms')
    await givenDead(app, tasks, 1, 'timeout of 99 ms')
    await givenDead(app, tasks, 1, 'no luck')
    const { html } = await open(app, '/queues/default?state=dead')
    const groups = html.querySelectorAll('[aria-labelledby="groups-title"] tbody tr')
    expect(groups.map((row) => row.textContent.replace(/\s+/g, ' ').trim())).toEqual([
      expect.stringMatching(/^echo .*timeout of # ms 3 /),
      expect.stringMatching(/^echo .*no luck 1 /),
    ])

    const retry = groups[0]?.querySelector('a')?.getAttribute('href') ?? ''
    const { html: asking, words } = await open(app, retry.replaceAll('&amp;', '&'))
    expect(words).toContain('Retry 3 dead tasks of the queue default?')
    const fields = asking.querySelectorAll('main form input').map((input) => {
      return [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']
    })
    await send(app, '/queues/default/tasks', Object.fromEntries(fields) as Record<string, string>)
      .expect(303)
      .expect('location', '/queues/default?state=dead&did=retry&count=3')
    expect(await tasks.counts()).toMatchObject({ waiting: 3, dead: 1 })
  })

  it('asks before it is paused, and names the number', async () => {
    const { tasks, app } = await givenPages()
    await tasks.enqueueMany(2, 'echo')
    const { words, html } = await open(app, '/queues/default/confirm?do=pause')
    expect(words).toContain('Pause the queue default, in which 2 tasks wait?')
    const action = html.querySelector('main form')?.getAttribute('action') ?? ''
    await send(app, action, {}).expect(303).expect('location', '/queues/default')
    expect((await open(app, '/queues/default')).html.querySelector('.badge[hidden]')).toBeNull()
    expect(await tasks.counts()).toMatchObject({ isPaused: true })
  })
})

describe('many tasks at once', () => {
  it('all dead ones are retried, in batches', async () => {
    const { tasks, app } = await givenPages()
    await givenDead(app, tasks, 120)
    const { body } = await request(app.server)
      .post('/queues/default/tasks')
      .send({ do: 'retry', state: 'dead' })
      .expect(200)
    expect(body).toEqual({ do: 'retry', count: 120 })
    expect(await tasks.audit()).toMatchObject({ waiting: 120, dead: 0, difference: 0 })
  })

  it('those that are chosen are cancelled, deleted or run now', async () => {
    const { tasks, app } = await givenPages()
    const [one = '', two = '', three = ''] = await tasks.enqueueMany(3, 'echo', {}, { delayMs: 60_000 })
    await send(app, '/queues/default/tasks', { do: 'run', ids: one }).expect(303)
    await send(app, '/queues/default/tasks', { do: 'cancel', ids: [two, 'nonsense'] })
      .expect(303)
      .expect('location', '/queues/default?state=delayed&did=cancel&count=1')
    await send(app, '/queues/default/tasks', { do: 'delete', ids: three }).expect(303)
    expect((await tasks.find(one))?.state).toBe('waiting')
    expect((await tasks.find(two))?.state).toBe('cancelled')
    expect(await tasks.find(three)).toBeUndefined()
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
  })

  it('a browser is led back to where it chose, or did not', async () => {
    const { tasks, app } = await givenPages()
    const id = await tasks.enqueue('echo')
    const { html } = await open(app, `/queues/default/confirm?back=waiting&do=cancel&ids=${id}`)
    expect(html.querySelector('a.button')?.getAttribute('href')).toBe('/queues/default?state=waiting')
    await send(app, '/queues/default/tasks', { do: 'cancel', ids: id, back: 'waiting' })
      .expect(303)
      .expect('location', '/queues/default?state=waiting&did=cancel&count=1')
    await request(app.server)
      .get('/queues/default/confirm?back=dead&do=retry')
      .expect(303)
      .expect('location', '/queues/default?state=dead&did=none')
    expect((await open(app, '/queues/default?state=dead&did=none')).words).toContain('Nothing was selected.')
  })

  it.each([
    [{ do: 'retry' }, 'ids, state: expected one of them'],
    [{ do: 'retry', state: 'waiting' }, 'state: expected dead to retry'],
    [{ do: 'cancel', state: 'waiting' }, 'state: expected ids instead to cancel'],
    [{ do: 'delete', state: 'waiting', task: 'x' }, 'task, error: expected only with the state dead'],
    [{ do: 'dance', state: 'dead' }, 'body.do: expected one of retry, run, cancel, delete'],
  ])('what cannot be meant is refused: %j', async (body, message) => {
    const { app } = await givenPages()
    const answer = await request(app.server).post('/queues/default/tasks').send(body).expect(400)
    expect((answer.body as { message: string }).message).toContain(message)
  })
})

describe('the page of a task', () => {
  it('shows what it died of, as text, and lets it be retried', async () => {
    const { tasks, app } = await givenPages()
    const [id = ''] = await givenDead(app, tasks, 1, '<img src=x>')
    const { html, words, text } = await open(app, `/tasks/${id}`)
    expect(words).toContain('<script>alert(1)</script>')
    expect(words).toContain('<img src=x>')
    expect(text).not.toMatch(/<script>alert|<img src=x/)
    expect(words).toContain('failed with what cannot be retried')
    expect(html.querySelectorAll('.actions form').map((form) => form.getAttribute('action'))).toEqual([
      `/tasks/${id}/retry`,
      `/tasks/${id}/cancel`,
    ])
    await send(app, `/tasks/${id}/retry`, {}).expect(303).expect('location', `/tasks/${id}`)
    expect((await tasks.find(id))?.state).toBe('waiting')
    await send(app, `/tasks/${id}/cancel`, {}).expect(303)
    expect((await tasks.find(id))?.state).toBe('cancelled')
  })

  it('folds a long input', async () => {
    const { tasks, app } = await givenPages()
    const id = await tasks.enqueue('echo', { message: 'x'.repeat(3000) })
    const { html } = await open(app, `/tasks/${id}`)
    expect(html.querySelector('details summary')?.text).toMatch(/^show all \(3,0\d\d characters\)$/)
  })

  it('is found by its id', async () => {
    const { tasks, app } = await givenPages()
    const id = await tasks.enqueue('echo')
    await request(app.server).get('/find?id=%20').expect(303).expect('location', '/')
    await request(app.server).get(`/find?id=%20${id}`).expect(303).expect('location', `/tasks/${id}`)
    const { words } = await open(app, '/tasks/nonsense', 404)
    expect(words).toContain('there is no task nonsense')
  })
})

describe('the form for a task', () => {
  it('is made from the input of its handler', async () => {
    const { app } = await givenPages()
    const { html } = await open(app, '/?task=fetch-url')
    const kinds = html
      .querySelectorAll('#enqueue .field [name^="data."]')
      .map((field) => [field.getAttribute('name'), field.rawTagName, field.getAttribute('type')])
    expect(kinds).toEqual([
      ['data.url', 'input', undefined],
      ['data.method', 'select', undefined],
      ['data.headers', 'textarea', undefined],
      ['data.body', 'textarea', undefined],
      ['data.delay', 'input', 'number'],
    ])
  })

  it('enqueues, and leads to the task', async () => {
    const { tasks, app } = await givenPages()
    const fields = { task: 'sleep', 'data.seconds': '1.5', priority: 'high', delay: '1h', queue: '' }
    const { headers } = await send(app, '/tasks', fields).expect(303)
    const id = String(headers.location).replace('/tasks/', '')
    const record = await tasks.find(id)
    expect(record).toMatchObject({ state: 'scheduled', priority: 'high', data: { seconds: 1.5 } })
    await request(app.server)
      .post('/tasks')
      .type('form')
      .send({ task: 'sleep', 'data.seconds': '0' })
      .expect(202)
  })

  it('comes back with what is wrong at each field, and what was typed', async () => {
    const { app } = await givenPages()
    const fields = { task: 'sleep', 'data.seconds': '9999', attempts: '0', queue: 'a b' }
    const { text } = await send(app, '/tasks', { ...fields, attempts: '3', queue: '' }).expect(400)
    const html = parse(text)
    const field = html.querySelector('[name="data.seconds"]')
    expect(field?.getAttribute('value')).toBe('9999')
    expect(field?.getAttribute('aria-invalid')).toBe('true')
    expect(html.querySelector('[id="field-data.seconds-wrong"]')?.text).toBe('expected to be <= 3600')

    const other = parse((await send(app, '/tasks', fields).expect(400)).text)
    expect(other.querySelectorAll('small.wrong').map(({ id }) => id)).toEqual([
      'field-queue-wrong',
      'field-attempts-wrong',
    ])
    const missing = parse((await send(app, '/tasks', { task: 'sleep' }).expect(400)).text)
    expect(missing.querySelector('[id="field-data.seconds-wrong"]')?.text).toBe('expected, but missing')
    const broken = parse(
      (
        await send(app, '/tasks', { task: 'fetch-url', 'data.url': 'http://a', 'data.headers': '{' }).expect(
          400,
        )
      ).text,
    )
    expect(broken.querySelector('[id="field-data.headers-wrong"]')?.text).toContain('expected JSON')
    // What was posted cannot be asked for again in another language.
    expect(broken.querySelector('footer a[lang]')?.getAttribute('href')).toBe('/language/zh?back=%2F')
  })
})

describe('the language', () => {
  it('has every text in each', () => {
    const [first, ...others] = Object.values(dictionary).map((texts) => Object.keys(texts).sort())
    for (const keys of others) expect(keys).toEqual(first)
    const holes = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(String).sort()
    for (const [key, text] of Object.entries(dictionary.en)) {
      expect([key, ...holes(dictionary.zh[key as keyof typeof dictionary.en])]).toEqual([key, ...holes(text)])
    }
  })

  it('is the one that the browser asks for, until another is chosen', async () => {
    const { app } = await givenPages()
    const chinese = { 'accept-language': 'zh-CN,zh;q=0.9,en;q=0.5' }
    const { html, words } = await open(app, '/', 200, chinese)
    expect(html.querySelector('html')?.getAttribute('lang')).toBe('zh')
    expect(words).toContain('任务队列')
    expect((await open(app, '/', 200, { 'accept-language': 'fr' })).words).toContain('Task queues')

    const { headers } = await request(app.server)
      .get('/language/en?back=%2Fqueues%2Fdefault')
      .expect(303)
      .expect('location', '/queues/default')
    const [cookie = ''] = headers['set-cookie'] as unknown as string[]
    expect((await open(app, '/', 200, { ...chinese, cookie })).words).toContain('Task queues')
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/\t/evil.example'])(
    'leads nobody elsewhere: %j',
    async (back) => {
      const { app } = await givenPages()
      await request(app.server)
        .get(`/language/zh?back=${encodeURIComponent(back)}`)
        .expect('location', '/')
    },
  )
})
