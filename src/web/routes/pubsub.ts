import createError from '@fastify/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import type { Published, Publisher } from '../../channel/publisher.js'
import { addDemoLink } from './demo-link.js'
import { asText, BadInputError, isForm, isNothing, randomDigit } from './payload.js'
import { bodyOf, ErrorAnswer, exactly } from './schemas.js'

export interface PubsubOptions {
  publisher: Publisher
}

const NobodyListensError = createError('NOBODY_LISTENS', 'no worker listens as %s', 404)

const To = Type.Optional(
  Type.String({
    pattern: '^[A-Za-z0-9._-]{0,100}$',
    description: 'dispatch to the worker of this name alone',
  }),
)
const JsonBody = exactly({ message: Type.Any(), to: To })
const FormBody = exactly({ message: Type.Optional(Type.String()), to: To })
const Answer = Type.Object({ channel: Type.String(), receivers: Type.Integer() })

interface Message {
  message: string
  to?: string
}

/** `/pubsub`: PUBLISH to every pubsub worker that listens now, or to one of them. */
export async function pubsubRoutes(app: FastifyInstance, { publisher }: PubsubOptions): Promise<void> {
  addDemoLink(app, {
    url: '/pubsub',
    summary: "The demo's link: publish one random digit",
    act: () => publisher.broadcast(randomDigit()),
  })
  app.route({
    method: 'POST',
    url: '/pubsub',
    schema: {
      summary: 'Publish a message; nothing sent publishes one random digit',
      querystring: exactly({}),
      body: bodyOf(JsonBody, FormBody),
      response: { 202: Answer, 303: Type.Null(), '4xx': ErrorAnswer, '5xx': ErrorAnswer },
    },
    handler: publishByPost,
  })

  async function publishByPost(request: FastifyRequest, reply: FastifyReply) {
    const answer = await publish(messageIn(request))
    return request.prefersHtml() ? reply.seeOther('/') : reply.code(202).send(answer)
  }

  async function publish({ message, to }: Message): Promise<Published> {
    if (!to) return publisher.broadcast(message)
    const answer = await publisher.dispatch(to, message)
    if (answer.receivers === 0) throw new NobodyListensError(to)
    return answer
  }
}

/** The message that was sent; one random digit where nothing was. */
function messageIn(request: FastifyRequest): Message {
  const { body } = request
  if (isForm(request)) {
    const { message, to } = body as Partial<Message>
    return { message: message || randomDigit(), to }
  }
  if (isNothing(body)) return { message: randomDigit() }
  if (typeof body === 'string') return { message: body }
  const { message, to } = body as { message: unknown; to?: string }
  if (to === '') throw new BadInputError('body.to: expected the name of a worker')
  return { message: asText(message, 'body.message'), to }
}
