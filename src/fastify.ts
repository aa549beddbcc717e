import type { ServerResponse } from 'node:http'
import createError from '@fastify/error'
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { loadClientConfig, mistakeIn } from './config.js'
import type { Task } from './handlers/task.js'
import { checkRedisUrl, toRegistry } from './library/options.js'
import type { Logger } from './process/log.js'
import { type WebConfig, WebSide } from './web-side.js'

export interface ServeryOptions {
  /** As `REDIS_URL`: one server, a Cluster, Sentinels. */
  redisUrl: string
  /**
   * Called before every request for anything under the prefix, after the application's own hooks: to refuse one, throw,
   * answer it, or return false. `false` instead of a function leaves it to those hooks to guard the prefix.
   */
  auth: ((request: FastifyRequest, reply: FastifyReply) => unknown) | false
  /** Handlers by name, as a {@link Worker} has them: what may be enqueued over HTTP. None of them is run here. */
  tasks?: Record<string, Task>
  /** List key of the prodcons lane; `task:prodcons:queue` unless given. */
  queue?: string
  /** Channel of the pubsub lane; `task:pubsub:channel` unless given. */
  channel?: string
  /** Which end prodcons workers take from; the page says so. `lifo` unless given. */
  order?: 'lifo' | 'fifo'
  /** Most tasks or values that a queue may hold; a million unless given, 0 is no limit. */
  maxLength?: number
  /** Most bytes that a queue's unfinished tasks may hold; 1 GiB unless given, 0 is no limit. */
  maxBytes?: number
  /** Largest request body in bytes; 256 KiB unless given. */
  bodyLimit?: number
  /** How long the record of a cancelled task is kept, in ms; a day unless given. */
  resultTtlMs?: number
  /** How long requests may go on once the application closes, in ms; 25 s unless given. */
  shutdownGraceMs?: number
}

const ForbiddenError = createError('FORBIDDEN', 'refused: not for you', 403)

/** The setting that says of an option what it may be, and what it is unless given. */
const settingOf = {
  redisUrl: 'REDIS_URL',
  queue: 'QUEUE',
  channel: 'CHANNEL',
  order: 'ORDER',
  maxLength: 'MAX_LENGTH',
  maxBytes: 'MAX_BYTES',
  bodyLimit: 'BODY_LIMIT',
  resultTtlMs: 'RESULT_TTL',
  shutdownGraceMs: 'SHUTDOWN_GRACE',
} as const satisfies Partial<Record<keyof ServeryOptions, string>>

/**
 * The page and the HTTP API as a plugin of another's Fastify application, under a prefix. It is an application of its own
 * behind two routes, so that nothing of it (error handler, parsers, headers, decorators) touches the other's routes, and
 * nothing of the other (plugins of the same kind, validation, limits) touches it; only the headers that the other has set
 * are sent along.
 *
 * @example
 * await app.register(servery, { prefix: '/admin/queues', redisUrl, auth: async (request) => request.session.isAdmin })
 * @throws {TypeError} naming the option that is wrong
 */
export const servery: FastifyPluginAsync<ServeryOptions> = fp(
  async (app: FastifyInstance, options: ServeryOptions) => {
    const base = baseOf(app)
    const { auth, tasks = {} } = options
    checkAuth(auth)
    const config = toConfig(options)
    const handlers = toRegistry(tasks)
    const log = app.log.child({ component: 'servery' }) as Logger
    const fatal = ({ message: reason }: Error) => log.fatal({ reason }, 'cannot go on')
    const web = new WebSide(config, { log, fatal })
    const inner = await web.buildMountedApp(handlers, base)
    app.addHook('onReady', async () => {
      await web.start()
      await inner.ready()
    })
    const responses = mount(app, inner, auth)
    app.addHook('preClose', async () => {
      web.closeStreams()
      setTimeout(() => responses.forEach((each) => each.destroy()), config.shutdownGraceMs).unref()
    })
    app.addHook('onClose', async () => {
      await inner.close()
      await web.stop()
    })
  },
  { name: 'servery', fastify: '5.x', encapsulate: true },
)

/** Hands every request over once its sender is let in; the responses that are not finished. */
function mount(app: FastifyInstance, inner: FastifyInstance, auth: ServeryOptions['auth']) {
  const responses = new Set<ServerResponse>()
  // Bodies are left for the inner application to read.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.addHook('preHandler', async (request, reply) => {
    if (auth && (await auth(request, reply)) === false && !reply.sent) throw new ForbiddenError()
  })
  for (const url of ['/', '/*']) app.all(url, { schema: { hide: true } }, handOver)
  return responses

  async function handOver({ raw: request }: FastifyRequest, reply: FastifyReply): Promise<void> {
    reply.hijack()
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    responses.add(reply.raw)
    reply.raw.once('close', () => responses.delete(reply.raw))
    inner.routing(request, reply.raw)
  }
}

function baseOf({ prefix }: FastifyInstance): string {
  const base = prefix.replace(/\/+$/, '')
  if (/^(\/[\w.~-]+)+$/.test(base)) return base
  throw new TypeError(`prefix: expected a path such as /admin/queues, got ${JSON.stringify(prefix)}`)
}

function checkAuth(auth: unknown): void {
  if (auth === false || typeof auth === 'function') return
  throw new TypeError(
    'auth: expected a function of request and reply, or false where hooks of your own guard the prefix',
  )
}

function toConfig(options: ServeryOptions): WebConfig {
  const { redisUrl } = options
  checkRedisUrl(redisUrl)
  const env: Record<string, string> = {}
  for (const [option, setting] of Object.entries(settingOf) as [keyof typeof settingOf, Setting][]) {
    const given = options[option]
    if (given === undefined) continue
    const mistake = mistakeIn(setting, String(given))
    if (mistake) throw new TypeError(`${option}: ${mistake}`)
    env[setting] = String(given)
  }
  // Who is let in is decided by `auth`.
  return { ...loadClientConfig(env), redisUrl, allowAnonymous: true }
}

type Setting = (typeof settingOf)[keyof typeof settingOf]
