import type { FastifyInstance, FastifyReply } from 'fastify'
import Type from 'typebox'
import { maxDeadlineMs, type RollCall } from '../../channel/roll-call.js'
import { BadTaskError, checkTask } from '../../handlers/intake.js'
import type { Registry } from '../../handlers/registry.js'
import { durationPattern, parseDuration } from '../../units.js'
import { ErrorAnswer, exactly } from './schemas.js'

export interface BroadcastOptions {
  rollCall: RollCall
  handlers: Registry
}

const defaultDeadline = '5s'
const durationForm = new RegExp(durationPattern)
const Body = exactly({
  task: Type.String({ description: 'name of the handler' }),
  data: Type.Optional(Type.Any({ description: 'its input' })),
  deadline: Type.Optional(
    Type.Any({
      default: defaultDeadline,
      description: 'how long to wait for answers: milliseconds, or "500ms", "10s", "1m"; a minute at most',
    }),
  ),
})

interface BroadcastBody {
  task: string
  data?: unknown
  deadline?: unknown
}

/** `POST /broadcast`: a job for every live pubsub worker at once, with a roll-call. */
export async function broadcastRoutes(app: FastifyInstance, options: BroadcastOptions): Promise<void> {
  app.post<{ Body: BroadcastBody }>('/broadcast', {
    schema: {
      summary: 'Give a job to every live pubsub worker, and tell what each said by the deadline',
      body: { content: { 'application/json': { schema: Body } } },
      response: { '4xx': ErrorAnswer, '5xx': ErrorAnswer },
    },
    handler: ({ body }, reply) => broadcast(body, reply, options),
  })
}

async function broadcast(body: BroadcastBody, reply: FastifyReply, { rollCall, handlers }: BroadcastOptions) {
  const { task: name, data, deadline = defaultDeadline } = body
  const { task } = checkTask({ task: name, data }, handlers)
  const limits = { deadlineMs: deadlineMs(deadline), isWanted: () => !reply.raw.destroyed }
  return rollCall.hold({ task: name, data: task.data }, limits)
}

function deadlineMs(given: unknown): number {
  const isDuration =
    (typeof given === 'string' || typeof given === 'number') && durationForm.test(String(given))
  const ms = isDuration ? parseDuration(String(given)) : Infinity
  if (ms <= maxDeadlineMs) return ms
  throw new BadTaskError(
    `deadline: expected a duration such as 500, "10s" or "1m", a minute at most, got ${JSON.stringify(given)}`,
  )
}
