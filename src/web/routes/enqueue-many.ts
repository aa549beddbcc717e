import { STATUS_CODES } from 'node:http'
import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { BadTaskError, checkTask, type CheckedTask } from '../../handlers/intake.js'
import type { Registry } from '../../handlers/registry.js'
import type { Enqueued } from '../../queue/task-queue.js'
import type { DurabilityLevel } from '../../redis/durability.js'
import { RedisUnavailableError } from '../../redis/errors.js'
import type { TaskBoard } from '../task-board.js'
import { accepted, areDurable, type DurableOptions, NotReachedError } from './durable.js'
import { type Line, readLines } from './ndjson.js'
import { QueueFullError, secondsUntilRoom, take, takenJson } from './taking.js'

/** Most tasks of one array. */
export const maxTasksPerRequest = 10_000

export interface EnqueueManyOptions {
  board: TaskBoard
  handlers: Registry
  /** Bytes of one NDJSON line. */
  bodyLimit: number
}

/** An array is answered as one. */
export interface EnqueueArrayOptions extends EnqueueManyOptions, DurableOptions {}

/** What a task of several is answered with when it is not taken. */
interface Refusal {
  statusCode: number
  message: string
}
type Taken = { checked: CheckedTask; enqueued: Enqueued & { outcome: 'accepted' } }

const codes: Record<number, string> = { 400: 'BAD_TASK', 409: 'KEY_REUSED', 429: 'QUEUE_FULL' }

/** Enqueues an array of tasks and answers each; where all are refused for the same reason, with that status. */
export async function enqueueArray(body: unknown[], reply: FastifyReply, options: EnqueueArrayOptions) {
  if (body.length > maxTasksPerRequest) {
    throw new BadTaskError(`expected ${maxTasksPerRequest} tasks at most, got ${body.length}; send NDJSON`)
  }
  const outcomes = await enqueueEach(body, options)
  const tasks = outcomes.map((each) => ('statusCode' in each ? each : takenJson(each.checked, each.enqueued)))
  const reason = sharedRefusal(outcomes)
  if (!reason) return accepted({ tasks }, reply, options)
  const { statusCode, message } = reason
  if (statusCode === 503) throw new RedisUnavailableError(message)
  if (statusCode === 429) reply.header('retry-after', await secondsUntilRoom(options.board, queueOf(body[0])))
  return reply.code(statusCode).send({
    statusCode,
    error: STATUS_CODES[statusCode],
    code: codes[statusCode],
    message: `none of ${tasks.length} tasks was taken: ${message}`,
    tasks,
  })
}

// Some taken and some not is said of each; a 202 for nothing would be a lie.
function sharedRefusal(outcomes: (Taken | Refusal)[]): Refusal | undefined {
  const [first] = outcomes
  if (!first || !('statusCode' in first)) return undefined
  const isShared = outcomes.every((each) => 'statusCode' in each && each.statusCode === first.statusCode)
  return isShared ? first : undefined
}

const queueOf = (request: unknown): string => (request as { queue?: string }).queue ?? 'default'

/**
 * Enqueues NDJSON as it comes; the answers, lines of JSON, come in its order.
 *
 * @param level how durable each must be before it is answered
 */
export async function* enqueueLines(
  input: Readable,
  options: EnqueueManyOptions & DurableOptions,
  level?: DurabilityLevel,
): AsyncGenerator<string> {
  for await (const batch of readLines(input, options.bodyLimit)) {
    const outcomes = await Promise.all(batch.map((each) => enqueueLine(each, options)))
    const answers = outcomes.map((outcome, at) => lineAnswer(batch[at] as Line, outcome))
    const isDurable = !level || (await areDurable(answers, level, options))
    const final = level && !isDurable ? answers.map((answer) => notDurable(answer, level)) : answers
    yield final.map((answer) => `${JSON.stringify(answer)}\n`).join('')
  }
}

interface LineAnswer extends Partial<Refusal> {
  line: number
  id?: string
  state?: string
}

function notDurable(answer: LineAnswer, level: DurabilityLevel): LineAnswer {
  const { statusCode = 503, message } = new NotReachedError(level)
  return answer.id ? { line: answer.line, id: answer.id, statusCode, message } : answer
}

async function enqueueLine(line: Line, options: EnqueueManyOptions): Promise<Taken | Refusal> {
  if ('mistake' in line) return { statusCode: 400, message: line.mistake }
  return enqueueOrRefuse(line.value, options)
}

function lineAnswer({ line }: Line, outcome: Taken | Refusal): LineAnswer {
  if ('statusCode' in outcome) return { line, ...outcome }
  const { id, state } = outcome.enqueued
  return { line, id, state }
}

function enqueueEach(requests: unknown[], options: EnqueueManyOptions): Promise<(Taken | Refusal)[]> {
  return Promise.all(requests.map((request) => enqueueOrRefuse(request, options)))
}

// Those of one turn share a round trip: see TaskQueue.enqueue.
async function enqueueOrRefuse(
  request: unknown,
  { board, handlers }: EnqueueManyOptions,
): Promise<Taken | Refusal> {
  try {
    const checked = checkTask(request, handlers)
    const enqueued = await take(checked, board)
    if (enqueued.outcome === 'full') throw new QueueFullError(checked.queue, enqueued.length)
    return { checked, enqueued }
  } catch (error) {
    return toRefusal(error as Error & { statusCode?: number })
  }
}

function toRefusal(error: Error & { statusCode?: number }): Refusal {
  const { message, statusCode = 500 } = error
  if (error instanceof BadTaskError) return { statusCode: 400, message }
  if (error instanceof RedisUnavailableError) return { statusCode: 503, message }
  if (statusCode === 429 || statusCode === 409) return { statusCode, message }
  throw error
}
