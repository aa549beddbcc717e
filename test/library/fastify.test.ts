import compress from '@fastify/compress'
import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import view from '@fastify/view'
import { Eta } from 'eta'
import Fastify from 'fastify'
import { parse } from 'node-html-parser'
import request from 'supertest'
import Type from 'typebox'
import { describe, expect, it } from 'vitest'
import { servery, type ServeryOptions } from '../../src/fastify.js'
import { task } from '../../src/index.js'
import { givenHost, givenMounted, hostAuth, letIn } from '../support/host.js'
import { useRedis } from '../support/redis.js'
import { openEvents } from '../support/sse.js'
import { eventually } from '../support/tasks.js'

const redis = useRedis()
const prefix = '/admin/queues'
const tasks = { greet: task({ input: Type.Object({ name: Type.String() }), run: ({ name }) => name }) }
const html = { accept: 'text/html', ...letIn }

const given = (options: Partial<ServeryOptions> = {}) =>
  givenMounted({ redisUrl: redis.url, tasks, ...options }, prefix)

/** How many clients the test's Redis has beside its own. */
async function untilClients(count: number): Promise<void> {
  await eventually(async () => {
    const list = String(await redis.client.client('LIST'))
    expect(list.trim().split('\n')).toHaveLength(count + 1)
  })
}

describe('Servery in another Fastify application', () => {
  it('has its page under the prefix, with every link and form there', async () => {
    const { url } = await given()
    for (const path of [prefix, `${prefix}/`]) {
      const { text } = await request(url).get(path).set(html).expect(200)
      const page = parse(text)
      const links = page
        .querySelectorAll('[href], [src], [action]')
        .map((each) => each.getAttribute('href') ?? each.getAttribute('src') ?? each.getAttribute('action'))
      expect(links.length).toBeGreaterThan(6)
      expect(links.filter((link) => !/^#/.test(link ?? '') && !link?.startsWith(`${prefix}/`))).toEqual([])
      for (const link of page.querySelectorAll('[href], [src]')) {
        const target = link.getAttribute('href') ?? link.getAttribute('src') ?? ''
        // Of a row that is still to be filled nothing can be asked.
        if (target.startsWith('#') || link.closest('template')) continue
        expect((await request(url).get(target).set(html)).status).toBeLessThan(400)
      }
      expect(page.querySelector('[data-base]')?.getAttribute('data-base')).toBe(prefix)
    }
  })

  it('has every module of its page under the prefix, and none asks elsewhere', async () => {
    const { url } = await given()
    for (const file of ['page.js', 'chart.js', 'feed.js', 'forms.js', 'clock.js']) {
      const { text } = await request(url).get(`${prefix}/assets/${file}`).set(letIn).expect(200)
      expect(text).not.toMatch(/['"`]\/\w/)
    }
  })

  it('leads back to its own page', async () => {
    const { url } = await given()
    const post = request(url).post(`${prefix}/prodcons`).set(html).type('form').send({ value: '7' })
    await post.expect(303).expect('location', `${prefix}/`)
    await request(url).get(`${prefix}/pubsub`).set(letIn).expect(302).expect('location', `${prefix}/`)
    const { text } = await request(url).get(`${prefix}/nowhere`).set(html).expect(404)
    expect(parse(text).querySelector('main a')?.getAttribute('href')).toBe(`${prefix}/`)
  })

  it('takes tasks for its handlers, and says where they are', async () => {
    const { url } = await given()
    const taken = await request(url)
      .post(`${prefix}/tasks`)
      .set(letIn)
      .send({ task: 'greet', data: { name: 'Ada' } })
      .expect(202)
    expect(taken.headers.location).toBe(`${prefix}/tasks/${(taken.body as { id: string }).id}`)
    await request(url).get(String(taken.headers.location)).set(letIn).expect(200)
    const refused = await request(url).post(`${prefix}/tasks`).set(letIn).send({ task: 'greet', data: {} })
    expect(refused.body).toMatchObject({
      statusCode: 400,
      message: expect.stringContaining('name') as string,
    })
    const lines = '{"task":"greet","data":{"name":"a"}}\n{"task":"nope"}\n'
    const many = request(url).post(`${prefix}/tasks`).set(letIn).type('application/x-ndjson').send(lines)
    expect((await many.expect(202)).text.split('\n')).toHaveLength(3)
  })

  it('validates as by itself, whatever the application does: nothing is coerced', async () => {
    const { url } = await given()
    const answer = await request(url)
      .post(`${prefix}/tasks`)
      .set(letIn)
      .send({ task: 'greet', data: { name: 7 } })
    expect(answer.body).toMatchObject({ statusCode: 400 })
    const field = await request(url).post(`${prefix}/prodcons`).set(letIn).send({ other: 1 })
    expect(field.body).toMatchObject({ message: 'body.other: there is no such field' })
  })

  it('serves its API description, with the paths as they are', async () => {
    const { url } = await given()
    await request(url).get(`${prefix}/docs/static/swagger-ui.css`).set(letIn).expect(200)
    const { body } = await request(url).get(`${prefix}/docs/json`).set(letIn).expect(200)
    const paths = Object.keys((body as { paths: object }).paths)
    expect(paths).toContain(`${prefix}/tasks/{id}`)
    expect(paths.filter((path) => !path.startsWith(prefix))).toEqual([])
  })

  it('sends events', async () => {
    const { app, url } = await given()
    const stream = await openEvents(app, { path: `${prefix}/events`, headers: letIn })
    await stream.next('snapshot')
    await request(url).post(`${prefix}/prodcons`).set(letIn).send({ value: 'x' }).expect(202)
    await stream.next<{ length: number }>('queue', ({ length }) => length === 1)
  })
})

describe('its auth hook', () => {
  it.each(['', '/', '/events', '/assets/page.js', '/docs/', '/docs/json', '/healthz', '/nowhere', '/queues'])(
    'guards %s',
    async (path) => {
      const { url } = await given()
      const refused = await request(url).get(`${prefix}${path}`).expect(401)
      expect(refused.body).toEqual({ host: 'says no' })
    },
  )

  it('guards what changes something, before its body is looked at', async () => {
    const { url } = await given()
    await request(url).post(`${prefix}/prodcons`).type('json').send('{"bad').expect(401)
    await request(url).delete(`${prefix}/queues/default/tasks?state=waiting`).expect(401)
    await request(url).post(`${prefix}/prodcons`).set(letIn).type('json').send('{"bad').expect(400)
  })

  it('may throw, which the application answers as it answers all errors', async () => {
    const { url } = await given({ auth: () => Promise.reject(new Error('not you')) })
    expect((await request(url).get(prefix).expect(500)).body).toEqual({ host: 'not you' })
  })

  it('may return false', async () => {
    const { url } = await given({ auth: () => false })
    expect((await request(url).get(prefix)).body).toEqual({ host: 'refused: not for you' })
  })

  it('sees what hooks of the application have found out', async () => {
    const app = givenHost()
    app.decorateRequest('user', '')
    app.addHook('preHandler', async (seen) => {
      ;(seen as typeof seen & { user: string }).user = String(seen.headers['x-user'])
    })
    const auth: ServeryOptions['auth'] = (seen) => (seen as typeof seen & { user: string }).user === 'ada'
    await app.register(servery, { prefix, redisUrl: redis.url, auth })
    expect((await app.inject({ url: `${prefix}/healthz`, headers: { 'x-user': 'ada' } })).statusCode).toBe(
      200,
    )
    expect((await app.inject({ url: `${prefix}/healthz` })).statusCode).toBe(500)
  })
})

describe('the application around it', () => {
  it('keeps its own routes, errors, 404, body parsing and headers', async () => {
    const { url } = await given()
    const home = await request(url).get('/').set('accept-encoding', 'gzip').expect(200)
    expect(home.body).toEqual({ host: 'home' })
    expect(Object.keys(home.headers)).not.toContain('content-security-policy')
    expect((await request(url).get('/fails').set(html).expect(500)).body).toEqual({ host: 'on purpose' })
    expect((await request(url).get('/nowhere').set(html).expect(404)).body).toEqual({ host: 'not here' })
    expect((await request(url).post('/echo').send({ a: 1 })).body).toEqual({ body: { a: 1 } })
    // It parses no forms, and Servery does.
    await request(url).post('/echo').type('form').send('a=1').expect(500)
  })

  it('may have plugins and decorators of the same names, before and after', async () => {
    const app = givenHost()
    await app.register(swagger)
    await app.register(view, { engine: { eta: new Eta() } })
    await app.register(helmet, { contentSecurityPolicy: { directives: { defaultSrc: ["'none'"] } } })
    app.addContentTypeParser('application/x-www-form-urlencoded', (_request, _body, done) => done(null, 1))
    app.setValidatorCompiler(() => () => ({ error: new Error('of the host') }))
    app.setSerializerCompiler(() => () => 'of the host')
    await app.register(servery, { prefix, redisUrl: redis.url, tasks, auth: hostAuth })
    await app.register(compress)
    app.decorate('prefersHtml', 1)
    const { body, headers } = await app.inject({ url: prefix, headers: html })
    expect(body).toContain(`href="${prefix}/assets/styles/page.css"`)
    expect(headers['content-security-policy']).toContain("script-src 'self'")
    const task = { task: 'greet', data: { name: 'Ada' } }
    const taken = await app.inject({ method: 'POST', url: `${prefix}/tasks`, headers: letIn, payload: task })
    expect(taken.json()).toMatchObject({ task: 'greet', state: 'waiting' })
    expect(JSON.stringify(app.swagger())).not.toContain(prefix)
  })

  it('may send headers along', async () => {
    const app = givenHost()
    app.addHook('onRequest', async (_request, reply) => void reply.header('x-of-the-host', 'yes'))
    await app.register(servery, { prefix, redisUrl: redis.url, auth: false })
    const { headers } = await app.inject({ url: `${prefix}/healthz` })
    expect(headers).toMatchObject({
      'x-of-the-host': 'yes',
      'content-type': expect.stringContaining('json') as string,
    })
  })

  it('ends streams, waiting requests and connections when it closes', async () => {
    const { app, url } = await given({ shutdownGraceMs: 100 })
    await untilClients(2)
    const stream = await openEvents(app, { path: `${prefix}/events`, headers: letIn })
    await stream.next('snapshot')
    const waiting = fetch(`${url}${prefix}/queues/default/reserve?wait=60`, {
      method: 'POST',
      headers: letIn,
    })
    const ended = waiting.then(
      () => 'answered',
      () => 'ended',
    )
    await app.close()
    expect(await ended).toBe('ended')
    expect(stream.isEnded).toBe(true)
    await untilClients(0)
  })

  it('may close without ever having been ready', async () => {
    const app = givenHost()
    await app.register(servery, { prefix, redisUrl: redis.url, auth: false })
    await app.close()
    await expect(untilClients(0)).resolves.toBeUndefined()
  })

  it('starts and answers while Redis is away', async () => {
    await redis.kill()
    const { url } = await given()
    await request(url).get(prefix).set(html).expect(200)
    const answer = await request(url).post(`${prefix}/prodcons`).set(letIn).send({ value: 'x' }).expect(503)
    expect(answer.body).toMatchObject({ code: 'REDIS_UNAVAILABLE' })
    expect((await request(url).get('/')).body).toEqual({ host: 'home' })
  })
})

describe('several of it', () => {
  it('live in one application under prefixes of their own', async () => {
    const { app, url } = await givenMounted({ redisUrl: redis.url }, '/one', '/two/deep')
    for (const base of ['/one', '/two/deep']) {
      const { text } = await request(url).get(base).set(html).expect(200)
      expect(text).toContain(`action="${base}/prodcons"`)
      expect(text).not.toContain(`"${base === '/one' ? '/two/deep' : '/one'}/`)
      await (await openEvents(app, { path: `${base}/events`, headers: letIn })).next('snapshot')
    }
  })

  it('live in two applications of one process, and one may close', async () => {
    const [first, second] = [await given(), await given()]
    await first.app.close()
    await request(second.url).post(`${prefix}/prodcons`).set(letIn).send({ value: 'x' }).expect(202)
  })

  it('live under the prefix of a plugin around them', async () => {
    const app = givenHost()
    await app.register(
      async (admin) => {
        await admin.register(servery, { prefix: '/queues/', redisUrl: redis.url, auth: false })
      },
      { prefix: '/admin' },
    )
    const { body } = await app.inject({ url: '/admin/queues/', headers: html })
    expect(body).toContain('action="/admin/queues/prodcons"')
  })
})

it.each([
  ['redisUrl', { redisUrl: 'http://secret@x' }],
  ['redisUrl', { redisUrl: undefined }],
  ['auth', { auth: undefined }],
  ['auth', { auth: true }],
  ['prefix', { prefix: undefined }],
  ['prefix', { prefix: '/:tenant' }],
  ['queue', { queue: 'a b' }],
  ['channel', { channel: 'task:results' }],
  ['order', { order: 'random' }],
  ['maxLength', { maxLength: -1 }],
  ['bodyLimit', { bodyLimit: 0 }],
  ['shutdownGraceMs', { shutdownGraceMs: NaN }],
  ['tasks.greet', { tasks: { greet: {} } }],
  ['tasks', { tasks: null }],
])('refuses a wrong %s, by name: %j', async (option, wrong) => {
  const app = Fastify()
  const options = { prefix, redisUrl: redis.url, auth: false, ...wrong } as ServeryOptions
  const refusal = await Promise.resolve(app.register(servery, options)).catch((error: unknown) => error)
  expect(refusal).toBeInstanceOf(TypeError)
  expect((refusal as Error).message).toMatch(new RegExp(`^${option}: expected `))
  expect((refusal as Error).message).not.toContain('secret')
})
