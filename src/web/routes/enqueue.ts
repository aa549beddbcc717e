import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { BadTaskError, TaskRequest } from '../../handlers/intake.js'
import { Spool } from '../spool.js'
import { DurabilityLevelSchema, type DurableOptions, untilDurable } from './durable.js'
import { enqueueForm } from './enqueue-form.js'
import { enqueueArray, enqueueLines, type EnqueueManyOptions, maxTasksPerRequest } from './enqueue-many.js'
import { isForm } from './payload.js'
import { ErrorAnswer, exactly, Wait } from './schemas.js'
import { takeOne } from './take-one.js'
import { takenJson } from './taking.js'

export interface EnqueueOptions extends DurableOptions, EnqueueManyOptions {}

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
  app.post<{ Querystring: { wait?: string } }>('/tasks', {
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
    onSend: untilDurable(options),
    handler: (request, reply) => {
      const { body, query, headers } = request
      if (isForm(request)) return enqueueForm(request, reply, options)
      const key = headers['idempotency-key']
      if (key !== undefined)
        return enqueueOne(withKey(body, key), reply, { ...options, waitMs: waitMs(query) })
      if (body instanceof Readable) {
        const lines = new Spool(enqueueLines(body, options))
        return reply.code(202).type('application/x-ndjson').send(lines)
      }
      if (Array.isArray(body)) return enqueueArray(body, reply, options)
      return enqueueOne(body, reply, { ...options, waitMs: waitMs(query) })
    },
  })
}

const waitMs = ({ wait = '0' }: { wait?: string }): number => Number(wait) * 1000

function withKey(body: unknown, key: string | string[]): unknown {
  if (Array.isArray(body) || body instanceof Readable || typeof body !== 'object') {
    throw new BadTaskError('Idempotency-Key: expected one task; of several, give each a "key"')
  }
  return { ...body, key }
}

async function enqueueOne(body: unknown, reply: FastifyReply, options: EnqueueOptions & { waitMs: number }) {
  const { checked, enqueued } = await takeOne(body, reply, options)
  if (enqueued.isRepeated) reply.header('idempotent-replayed', 'true')
  const location = `${reply.server.base}/tasks/${enqueued.id}`
  return reply.code(202).header('location', location).send(takenJson(checked, enqueued))
}
