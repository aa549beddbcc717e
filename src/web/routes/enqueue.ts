import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { BadTaskError, checkTask, TaskRequest } from '../../handlers/intake.js'
import { clientSignal } from '../client-signal.js'
import { Spool } from '../spool.js'
import type { DurabilityLevel } from '../../redis/durability.js'
import { accepted, DurabilityLevelSchema } from './durable.js'
import { enqueueArray, enqueueLines, type EnqueueArrayOptions, maxTasksPerRequest } from './enqueue-many.js'
import { ErrorAnswer, exactly, Wait } from './schemas.js'
import { QueueFullError, secondsUntilRoom, take, takenJson } from './taking.js'

export type EnqueueOptions = EnqueueArrayOptions

const TaskOrTasks = Type.Any({
  description: `a task, or an array of up to ${maxTasksPerRequest}: ${Object.keys(TaskRequest.properties).join(', ')}`,
  examples: [{ task: 'echo', data: { message: 'hello' }, delay: '10s', attempts: 5 }],
})
/** Of an array of which nothing was taken, what became of each. */
const NothingTaken = Type.Object({
  ...ErrorAnswer.properties,
  tasks: Type.Optional(Type.Array(Type.Object({ statusCode: Type.Integer(), message: Type.String() }))),
})
const Headers = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: 'the first answer again, where the queue of the task has seen this key' }),
  ),
})
/** How often a producer that waits for room tries again. */
const roomPollMs = 100

/** `POST /tasks`: one task, an array of tasks, or a stream of them. */
export async function enqueueRoutes(app: FastifyInstance, options: EnqueueOptions): Promise<void> {
  app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload))
  app.post<{ Querystring: { wait?: string; durability?: DurabilityLevel } }>('/tasks', {
    schema: {
      summary: `Enqueue a task, an array of up to ${maxTasksPerRequest}, or NDJSON of any length`,
      description:
        'Of an array each task is answered for itself, with 202, unless all are refused alike: 400, 409, or 429 with Retry-After.',
      // Checked one by one, in checkTask: a bad task must not stop the others.
      body: { content: { 'application/json': { schema: TaskOrTasks } } },
      headers: Headers,
      querystring: exactly({ ...Wait.properties, durability: DurabilityLevelSchema }),
      response: { '4xx': NothingTaken, '5xx': ErrorAnswer },
    },
    handler: ({ body, query, headers }, reply) => {
      const key = headers['idempotency-key']
      const { wait = '0' } = query
      if (key !== undefined) return enqueueOne({ request: withKey(body, key), wait }, reply, options)
      if (body instanceof Readable) {
        const lines = new Spool(enqueueLines(body, options, query.durability))
        return reply.code(202).type('application/x-ndjson').send(lines)
      }
      if (Array.isArray(body)) return enqueueArray(body, reply, options)
      return enqueueOne({ request: body, wait }, reply, options)
    },
  })
}

function withKey(body: unknown, key: string | string[]): unknown {
  if (Array.isArray(body) || body instanceof Readable || typeof body !== 'object') {
    throw new BadTaskError('Idempotency-Key: expected one task; of several, give each a "key"')
  }
  return { ...body, key }
}

interface OneTask {
  request: unknown
  /** Seconds that it may wait for room. */
  wait: string
}

async function enqueueOne({ request, wait }: OneTask, reply: FastifyReply, options: EnqueueOptions) {
  const { board, handlers } = options
  const checked = checkTask(request, handlers)
  const deadline = Date.now() + Number(wait) * 1000
  let gone: AbortSignal | undefined
  for (;;) {
    const enqueued = await take(checked, board)
    if (enqueued.outcome === 'accepted') {
      if (enqueued.isRepeated) reply.header('idempotent-replayed', 'true')
      reply.header('location', `${reply.server.prefix}/tasks/${enqueued.id}`)
      return accepted(takenJson(checked, enqueued), reply, options)
    }
    if (Date.now() >= deadline) {
      reply.header('retry-after', await secondsUntilRoom(board, checked.queue))
      throw new QueueFullError(checked.queue, enqueued.length)
    }
    gone ??= clientSignal(reply)
    await sleep(roomPollMs, undefined, { signal: gone }).catch(() => undefined)
    // It would be told of no task.
    if (gone.aborted) throw new QueueFullError(checked.queue, enqueued.length)
  }
}
