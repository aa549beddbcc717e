import Type, { type TSchema } from 'typebox'

/** The shape of every error. */
export const ErrorAnswer = Type.Object({
  statusCode: Type.Integer(),
  error: Type.String(),
  code: Type.Optional(Type.String()),
  message: Type.String(),
})

/**
 * One schema a content type, as Fastify and OpenAPI want a body that may come in several. JSON may be null:
 * Fastify checks an empty body as null, and nothing sent is no mistake.
 */
export function bodyOf(json: TSchema, form: TSchema) {
  return {
    content: {
      'application/json': { schema: { ...json, nullable: true } },
      'application/x-www-form-urlencoded': { schema: form },
      'text/plain': { schema: Type.String() },
    },
  }
}

/** An object of exactly these fields. */
export const exactly = (fields: Record<string, TSchema>) =>
  Type.Object(fields, { additionalProperties: false })

/** `?wait=`: how long a request may be kept open for what it asks. */
export const Wait = exactly({
  wait: Type.Optional(
    Type.String({ pattern: '^([0-9]|[1-5][0-9]|60)$', description: 'seconds to wait, 60 at most' }),
  ),
})
