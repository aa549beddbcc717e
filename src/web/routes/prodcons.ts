import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { ActivityReporter } from '../../queue/activity.js'
import { maxValuesPerPush, type PlainQueue } from '../../queue/plain-queue.js'
import { addDemoLink } from './demo-link.js'
import { asText, BadInputError, isForm, isNothing, randomDigit } from './payload.js'
import { bodyOf, ErrorAnswer, exactly } from './schemas.js'

export interface ProdconsOptions {
  queue: PlainQueue
  pushed: ActivityReporter
}

const QueueFullError = createError(
  'QUEUE_FULL',
  'the queue %s is full: it holds %d of at most %d values',
  429,
)

const JsonBody = exactly({
  value: Type.Optional(Type.Any()),
  values: Type.Optional(Type.Array(Type.Any(), { minItems: 1, maxItems: maxValuesPerPush })),
})
const FormBody = exactly({
  value: Type.Optional(
    Type.Union([Type.String(), Type.Array(Type.String(), { maxItems: maxValuesPerPush })]),
  ),
})
const Query = exactly({
  ifExists: Type.Optional(Type.Enum(['0', '1'], { description: '1 = LPUSHX: only if the queue exists' })),
})
const Pushed = Type.Object({ queue: Type.String(), pushed: Type.Integer(), length: Type.Integer() })

type PostRequest = FastifyRequest<{ Querystring: { ifExists?: '0' | '1' }; Body: unknown }>

/** `/prodcons`: LPUSH onto the queue that prodcons workers take from. */
export async function prodconsRoutes(app: FastifyInstance, options: ProdconsOptions): Promise<void> {
  addDemoLink(app, {
    url: '/prodcons',
    summary: "The demo's link: push one random digit",
    act: () => push([randomDigit()]),
  })
  app.route<{ Querystring: { ifExists?: '0' | '1' } }>({
    method: 'POST',
    url: '/prodcons',
    schema: {
      summary: 'Push values; nothing sent pushes one random digit',
      querystring: Query,
      body: bodyOf(JsonBody, FormBody),
      response: { 202: Pushed, 303: Type.Null(), '4xx': ErrorAnswer, '5xx': ErrorAnswer },
    },
    handler: pushByPost,
  })

  async function pushByPost(request: PostRequest, reply: FastifyReply) {
    const values = valuesIn(request)
    const answer = await push(values, request.query.ifExists === '1')
    if (request.prefersHtml()) return reply.seeOther('/')
    reply.code(202)
    return answer
  }

  async function push(values: string[], ifExists = false) {
    const { queue, pushed } = options
    const { outcome, length } = await queue.push(values, { ifExists })
    if (outcome === 'full') throw new QueueFullError(queue.key, length, queue.maxLength)
    if (outcome === 'absent') return { queue: queue.key, pushed: 0, length }
    pushed.report(values.at(-1) ?? '', values.length)
    return { queue: queue.key, pushed: values.length, length }
  }
}

/** The values that were sent; one random digit where nothing was. */
function valuesIn(request: FastifyRequest): string[] {
  const { body } = request
  if (isForm(request)) return valuesInForm(body as { value?: string | string[] })
  if (isNothing(body)) return [randomDigit()]
  return typeof body === 'string' ? [body] : valuesInJson(body)
}

// An input field that was left empty arrives as the empty string.
function valuesInForm({ value = '' }: { value?: string | string[] }): string[] {
  return value === '' ? [randomDigit()] : [value].flat()
}

function valuesInJson({ value, values }: { value?: unknown; values?: unknown[] }): string[] {
  if ((value === undefined) === (values === undefined)) {
    throw new BadInputError('body: expected either "value" or "values"')
  }
  if (values) return values.map((each, index) => asText(each, `body.values.${index}`))
  return [asText(value, 'body.value')]
}
