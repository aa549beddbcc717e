import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { BadTaskError, TaskRequest } from '../../handlers/intake.js'
import { Spool } from '../spool.js'
import type { DurabilityLevel } from '../../redis/durability.js'
import { accepted, DurabilityLevelSchema } from './durable.js'
import { enqueueForm } from './enqueue-form.js'
import { enqueueArray, enqueueLines, type EnqueueArrayOptions, maxTasksPerRequest } from './enqueue-many.js'
import { isForm } from './payload.js'
import { ErrorAnswer, exactly, Wait } from './schemas.js'
import { takeOne } from './take-one.js'
import { takenJson } from './taking.js'

export type EnqueueOptions = EnqueueArrayOptions

const TaskOrTasks = Type.Any({
  description: `a task, or an array of up to ${maxTasksPerRequest}: ${Object.keys(TaskRequest.properties).join(', ')}`,
  examples: [{ task: 'echo', data: { message: 'hello' }, delay: '10s', attempts: 5 }],
})
const FormOfTask = Type.Any({
  description: 'task, queue, priority, delay, attempts, and data.<field> for each field of its input',
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

/** `POST /tasks`: one task, an array of tasks, or a stream of them. */
export async function enqueueRoutes(app: FastifyInstance, options: EnqueueOptions): Promise<void> {
  app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload))
  app.post<{ Querystring: { wait?: string; durability?: DurabilityLevel } }>('/tasks', {
    schema: {
      summary: `Enqueue a task, an array of up to ${maxTasksPerRequest}, or NDJSON of any length`,
      description:
        'Of an array each task is answered for itself, with 202, unless all are refused alike: 400, 409, or 429 with Retry-After.',
      // Checked one by one, in checkTask: a bad task must not stop the others.
      body: {
        content: {
          'application/json': { schema: TaskOrTasks },
          'application/x-www-form-urlencoded': { schema: FormOfTask },
        },
      },
      headers: Headers,
      querystring: exactly({ ...Wait.properties, durability: DurabilityLevelSchema }),
      response: { '4xx': NothingTaken, '5xx': ErrorAnswer },
    },
    handler: (request, reply) => {
      const { body, query, headers } = request
      if (isForm(request)) return enqueueForm(request, reply, options)
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
  const { checked, enqueued } = await takeOne(request, reply, {
    board,
    handlers,
    waitMs: Number(wait) * 1000,
  })
  if (enqueued.isRepeated) reply.header('idempotent-replayed', 'true')
  reply.header('location', `${reply.server.base}/tasks/${enqueued.id}`)
  return accepted(takenJson(checked, enqueued), reply, options)
}
