import { maxHeaderSize, type Server } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
  LogController,
} from 'fastify'
import type { Publisher } from './channel/publisher.js'
import type { RollCall } from './channel/roll-call.js'
import type { Registry } from './handlers/registry.js'
import type { ActivityReporter } from './queue/activity.js'
import type { PlainQueue } from './queue/plain-queue.js'
import type { Schedules } from './schedules/schedules.js'
import type { Durability } from './redis/durability.js'
import type { Live } from './web/live/live.js'
import { ClientConnections } from './web/client-connections.js'
import { auth } from './web/plugins/auth.js'
import { bodyParsers } from './web/plugins/body-parsers.js'
import { errors } from './web/plugins/errors.js'
import { negotiation } from './web/plugins/negotiation.js'
import { notFound, rewriteBadUrl } from './web/plugins/not-found.js'
import { openapi } from './web/plugins/openapi.js'
import { pages } from './web/plugins/pages.js'
import { sameOrigin } from './web/plugins/same-origin.js'
import { securityHeaders } from './web/plugins/security-headers.js'
import { ajvOptions, validationError } from './web/plugins/validation.js'
import { auditRoutes } from './web/routes/audit.js'
import { broadcastRoutes } from './web/routes/broadcast.js'
import { enqueueRoutes } from './web/routes/enqueue.js'
import { eventRoutes } from './web/routes/events.js'
import { explainRoutes } from './web/routes/explain.js'
import { healthRoutes } from './web/routes/health.js'
import { homeRoutes } from './web/routes/home.js'
import { leaseRoutes } from './web/routes/leases.js'
import { metricsRoutes } from './web/routes/metrics.js'
import { prodconsRoutes } from './web/routes/prodcons.js'
import { pubsubRoutes } from './web/routes/pubsub.js'
import { queueRoutes } from './web/routes/queues.js'
import { scheduleRoutes } from './web/routes/schedules.js'
import { taskRoutes } from './web/routes/tasks.js'
import { workerRoutes } from './web/routes/workers.js'
import type { TaskBoard } from './web/task-board.js'

export interface AppOptions {
  log: FastifyBaseLogger
  queue: PlainQueue
  publisher: Publisher
  rollCall: RollCall
  pushed: ActivityReporter
  live: Live
  board: TaskBoard
  schedules: Schedules
  handlers: Registry
  durability: Durability
  /** How long the record of a cancelled task is kept. */
  resultTtlMs: number
  /** Resolves when Redis answers. */
  ping: () => Promise<unknown>
  /** Why Redis lets nobody in, if that is why it is of no use. */
  redisRefusal: () => string | undefined
  /** Which end prodcons workers take from; the page says so. */
  order: 'lifo' | 'fifo'
  /** Bytes. */
  bodyLimit: number
  /** How long requests may go on once the application closes. */
  shutdownGraceMs: number
  authToken?: string | undefined
  allowAnonymous: boolean
}

export interface MountedAppOptions extends AppOptions {
  /** The path that all of it lies under, such as `/admin/queues`. */
  base: string
}

const serverOptions = {
  logController: new LogController({ disableRequestLogging: true }),
  // A logger for each request costs more than the rest of the routing, and all that is logged of one is an error.
  childLoggerFactory: (logger: FastifyBaseLogger) => logger,
  // Node bounds a URL; a parameter that is long is one that is not found.
  routerOptions: { maxParamLength: maxHeaderSize },
  ajv: { customOptions: ajvOptions },
  schemaErrorFormatter: validationError,
}

/** The web application with a server of its own. It never listens; tests inject into it. */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const clients = new ClientConnections()
  const app = createApp(options, {
    serverFactory: (handler) => clients.createServer(handler),
    rewriteUrl: rewriteBadUrl,
  })
  app.addHook('preClose', async () => clients.close(options.shutdownGraceMs))
  await app.register(everything, options)
  return app
}

/** The same for another's server, which gives it requests for paths under `base` (`app.routing`). */
export async function buildMountedApp({ base, ...options }: MountedAppOptions): Promise<FastifyInstance> {
  const app = createApp(options)
  await app.register(async (mounted) => everything(mounted, options), { prefix: base })
  return app
}

function createApp(
  { log, bodyLimit }: AppOptions,
  options: Pick<FastifyHttpOptions<Server>, 'serverFactory' | 'rewriteUrl'> = {},
): FastifyInstance {
  return Fastify({
    ...options,
    ...serverOptions,
    loggerInstance: log,
    bodyLimit,
  }).withTypeProvider<TypeBoxTypeProvider>()
}

/** All plugins and routes. They learn from `app.prefix` what their paths begin with. */
async function everything(app: FastifyInstance, options: AppOptions): Promise<void> {
  const { authToken: token, allowAnonymous } = options
  await app.register(securityHeaders)
  await app.register(negotiation)
  await app.register(errors, options)
  await app.register(notFound)
  await app.register(pages, { base: app.prefix })
  if (token) await app.register(auth, { token })
  await app.register(sameOrigin, { loopbackOnly: !token && !allowAnonymous })
  await app.register(bodyParsers)
  await app.register(openapi)
  await app.register(routes, options)
}

async function routes(app: FastifyInstance, options: AppOptions): Promise<void> {
  const { queue, publisher, pushed, live, board, ping } = options
  await app.register(homeRoutes, { ...options, queue: queue.key, channel: publisher.channel })
  await app.register(prodconsRoutes, { queue, pushed })
  await app.register(pubsubRoutes, { publisher })
  await app.register(broadcastRoutes, options)
  await app.register(enqueueRoutes, options)
  await app.register(taskRoutes, options)
  await app.register(queueRoutes, options)
  await app.register(scheduleRoutes, options)
  await app.register(leaseRoutes, options)
  await app.register(workerRoutes, options)
  await app.register(explainRoutes, options)
  await app.register(auditRoutes, options)
  await app.register(metricsRoutes, { board, live, prodcons: queue.key })
  await app.register(eventRoutes, { live })
  await app.register(healthRoutes, { ping })
}
