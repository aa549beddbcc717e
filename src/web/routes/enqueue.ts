import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { BadTaskError, checkTask, type CheckedTask, TaskRequest } from '../../handlers/intake.js'
import type { Registry } from '../../handlers/registry.js'
import type { Enqueued, NewTask } from '../../queue/task-queue.js'
import { RedisUnavailableError } from '../../redis/errors.js'
import { Spool } from '../spool.js'
import type { TaskBoard } from '../task-board.js'
import { type Line, readLines } from './ndjson.js'
import { DurabilityLevelSchema, type DurableOptions, untilDurable } from './durable.js'
import { ErrorAnswer, exactly, Wait } from './schemas.js'
import { taskJson } from './task-json.js'

export interface EnqueueOptions extends DurableOptions {
  handlers: Registry
  /** Bytes of one NDJSON line. */
  bodyLimit: number
}

const QueueFull = createError('QUEUE_FULL', 'the queue %s is full: %d tasks wait or are delayed', 429)
const KeyReusedError = createError('KEY_REUSED', 'the key %s was used for another task', 409)
const maxTasksPerRequest = 10_000
const TaskOrTasks = Type.Any({
  description: `a task, or an array of up to ${maxTasksPerRequest}: ${Object.keys(TaskRequest.properties).join(', ')}`,
  examples: [{ task: 'echo', data: { message: 'hello' }, delay: '10s', attempts: 5 }],
})
/** How often a producer that waits for room tries again. */
const roomPollMs = 100
const longestRetrySeconds = 300

/** What one task of several is answered with when it is not taken. */
interface Refusal {
  statusCode: number
  message: string
}

/** `POST /tasks`: one task, an array of tasks, or a stream of them. */
export async function enqueueRoutes(app: FastifyInstance, options: EnqueueOptions): Promise<void> {
  app.addContentTypeParser('application/x-ndjson', (_request, payload, done) => done(null, payload))
  app.post<{ Querystring: { wait?: string } }>('/tasks', {
    schema: {
      summary: `Enqueue a task, an array of up to ${maxTasksPerRequest}, or NDJSON of any length`,
      // Checked one by one, in checkTask: a bad task must not stop the others.
      body: { content: { 'application/json': { schema: TaskOrTasks } } },
      headers: Type.Object({
        'idempotency-key': Type.Optional(
          Type.String({
            description: 'the first answer again, where the queue of the task has seen this key',
          }),
        ),
      }),
      querystring: exactly({ ...Wait.properties, durability: DurabilityLevelSchema }),
      response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
    },
    onSend: untilDurable(options),
    handler: ({ body, query, headers }, reply) => {
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
  const { board, handlers, waitMs } = options
  const checked = checkTask(body, handlers)
  const deadline = Date.now() + waitMs
  for (;;) {
    const enqueued = await take(checked, board)
    if (enqueued.outcome === 'accepted') {
      if (enqueued.isRepeated) reply.header('idempotent-replayed', 'true')
      return reply.code(202).header('location', `/tasks/${enqueued.id}`).send(toAnswer(checked, enqueued))
    }
    if (Date.now() >= deadline || reply.raw.destroyed) {
      reply.header('retry-after', await secondsUntilRoom(board, checked.queue))
      throw new QueueFull(checked.queue, enqueued.length)
    }
    await sleep(roomPollMs)
  }
}

async function take(
  { queue: name, task, key }: CheckedTask,
  board: TaskBoard,
): Promise<Enqueued & { isRepeated: boolean }> {
  const queue = board.queue(name)
  if (key === undefined) return { ...(await queue.enqueue(task)), isRepeated: false }
  const enqueued = await queue.enqueueOnce(task, { key, fingerprint: fingerprintOf(task) })
  if (enqueued.outcome === 'conflict') throw new KeyReusedError(key)
  return enqueued
}

const fingerprintOf = (task: NewTask): string =>
  createHash('sha256').update(JSON.stringify(task)).digest('base64url')

// The time in which one task leaves the queue, by the rate at which it drains now.
async function secondsUntilRoom(board: TaskBoard, queue: string): Promise<number> {
  const perSecond = await board.drainRate(queue)
  return perSecond > 0 ? Math.min(Math.ceil(1 / perSecond), longestRetrySeconds) : longestRetrySeconds
}

async function enqueueArray(body: unknown[], reply: FastifyReply, options: EnqueueOptions) {
  if (body.length > maxTasksPerRequest) {
    throw new BadTaskError(`expected ${maxTasksPerRequest} tasks at most, got ${body.length}; send NDJSON`)
  }
  const tasks = await enqueueEach(body, options)
  // Some taken and some not is said of each; a 202 for nothing would be a lie.
  const nothing = tasks.length > 0 && tasks.every((task) => 'statusCode' in task && task.statusCode === 503)
  if (nothing) throw new RedisUnavailableError('Redis is out of reach; try again')
  return reply.code(202).send({ tasks })
}

async function* enqueueLines(input: Readable, options: EnqueueOptions): AsyncGenerator<string> {
  for await (const batch of readLines(input, options.bodyLimit)) {
    const requests = batch.map((each) => ('value' in each ? each.value : undefined))
    const answers = await enqueueEach(requests, options)
    yield batch.map((each, index) => `${JSON.stringify(lineAnswer(each, answers[index]))}\n`).join('')
  }
}

async function enqueueEach(requests: unknown[], options: EnqueueOptions): Promise<object[]> {
  return Promise.all(requests.map((request) => enqueueOrRefuse(request, options)))
}

// Those of one tick share a round trip: see TaskQueue.enqueue.
async function enqueueOrRefuse(
  request: unknown,
  { board, handlers }: EnqueueOptions,
): Promise<object | Refusal> {
  try {
    const checked = checkTask(request, handlers)
    const enqueued = await take(checked, board)
    if (enqueued.outcome === 'full') throw new QueueFull(checked.queue, enqueued.length)
    return toAnswer(checked, enqueued)
  } catch (error) {
    return toRefusal(error as Error & { statusCode?: number })
  }
}

function toRefusal(error: Error & { statusCode?: number }): Refusal {
  if (error instanceof BadTaskError) return { statusCode: 400, message: error.message }
  if (error instanceof RedisUnavailableError) return { statusCode: 503, message: error.message }
  if (error.statusCode === 429 || error.statusCode === 409) {
    return { statusCode: error.statusCode, message: error.message }
  }
  throw error
}

function toAnswer(
  { queue, task }: CheckedTask,
  { id, state, enqueuedAt }: Enqueued & { outcome: 'accepted' },
) {
  const { name, priority = 'normal' } = task
  const data: unknown = JSON.parse(task.data)
  return taskJson({ id, task: name, queue, state, priority, attempt: 0, data, enqueuedAt })
}

function lineAnswer({ line, ...rest }: Line, answer: object = {}): object {
  if ('mistake' in rest) return { line, statusCode: 400, message: rest.mistake }
  const { id, state, statusCode, message } = answer as Record<string, unknown>
  return id ? { line, id, state } : { line, statusCode, message }
}
