import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

/** The one place where an error's code becomes an HTTP status. */
const statusOf: Record<string, { status: number; retryAfterSeconds?: number }> = {
  REDIS_UNAVAILABLE: { status: 503, retryAfterSeconds: 2 },
  BAD_TASK: { status: 400 },
  DURABILITY_UNKNOWN: { status: 400 },
  BAD_SCHEDULE: { status: 400 },
  WRONG_TYPE: { status: 409 },
  QUEUE_FULL: { status: 429, retryAfterSeconds: 1 },
}

/** An error in the form in which it is answered, Fastify's own. */
export interface ErrorAnswer {
  statusCode: number
  error: string
  code?: string
  message: string
}

export interface ErrorOptions {
  /** Why Redis lets nobody in, if that is why it is of no use. */
  redisRefusal: () => string | undefined
}

/** Answers every error as JSON, or as a page where the client prefers HTML. Only what is wrong here is logged. */
export const errors = fp(
  async (app: FastifyInstance, { redisRefusal }: ErrorOptions) => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const answer = toAnswer(error, request)
      if (error.code === 'REDIS_UNAVAILABLE') answer.message = redisRefusal() ?? answer.message
      // That Redis is away is said once, where its connection is watched, not with every request.
      const level = answer.statusCode >= 500 && error.code !== 'REDIS_UNAVAILABLE' ? 'error' : 'debug'
      request.log[level]({ reqId: request.id, err: error, url: request.url }, 'request failed')
      const retryAfter = statusOf[error.code]?.retryAfterSeconds
      if (retryAfter && !reply.hasHeader('retry-after')) reply.header('retry-after', retryAfter)
      return sendError(reply, answer)
    })
  },
  { name: 'errors', dependencies: ['negotiation'] },
)

function sendError(reply: FastifyReply, answer: ErrorAnswer): FastifyReply {
  reply.code(answer.statusCode)
  return reply.request.prefersHtml() ? reply.page('error', answer) : reply.send(answer)
}

function toAnswer(error: FastifyError, request: FastifyRequest): ErrorAnswer {
  const statusCode = statusOf[error.code]?.status ?? error.statusCode ?? 500
  return {
    statusCode,
    error: STATUS_CODES[statusCode] ?? error.name,
    ...(error.code && { code: error.code }),
    message: statusCode === 500 ? 'something went wrong here; the log says what' : explain(error, request),
  }
}

// Fastify's own messages name the mistake; these say what would have been right.
function explain(error: FastifyError, request: FastifyRequest): string {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return `the body is larger than ${request.routeOptions.bodyLimit} bytes (BODY_LIMIT)`
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return 'expected application/json, application/x-www-form-urlencoded or text/plain as content type'
    default:
      return error.message
  }
}
