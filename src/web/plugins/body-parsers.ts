import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const BadJsonError = createError('BAD_JSON', 'the body is not valid JSON: %s', 400)
const NotUtf8Error = createError(
  'NOT_UTF8',
  'the body is not valid UTF-8; send other bytes through Redis',
  400,
)
const ContentEncodingError = createError(
  'CONTENT_ENCODING',
  'expected a body without content encoding, got %s',
  415,
)
const CharsetError = createError('CHARSET', 'expected UTF-8, got %s', 415)

// A byte order mark is part of a text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * JSON, forms and plain text, in UTF-8 and not compressed: whatever else would not arrive as it was sent is refused.
 * An empty body is "nothing sent", whatever its content type.
 */
export const bodyParsers = fp(
  async (app) => {
    app.addHook('onRequest', (request, _reply, done) => done(mistakeIn(request)))
    app.removeContentTypeParser(['application/json', 'text/plain'])
    const parsers = {
      'application/json': parseJson,
      'application/x-www-form-urlencoded': parseForm,
      'text/plain': (text: string) => text,
    }
    for (const [type, parse] of Object.entries(parsers)) {
      app.addContentTypeParser<Buffer>(type, { parseAs: 'buffer' }, (_request, body, done) =>
        done(null, parse(decode(body))),
      )
    }
  },
  { name: 'body-parsers' },
)

function mistakeIn({ headers }: FastifyRequest): Error | undefined {
  const encoding = headers['content-encoding']
  if (encoding && encoding.toLowerCase() !== 'identity') return new ContentEncodingError(encoding)
  const charset = /;\s*charset="?([^";\s]+)/i.exec(headers['content-type'] ?? '')?.[1]
  return charset && !/^utf-?8$/i.test(charset) ? new CharsetError(charset) : undefined
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new NotUtf8Error()
  }
}

// `__proto__` is a name as any other here: JSON.parse makes it a property of its own, and nothing is merged.
function parseJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new BadJsonError((error as Error).message)
  }
}

/** `a=1&b=2&b=3` → `{ a: '1', b: ['2', '3'] }`. */
function parseForm(text: string): Record<string, string | string[]> {
  refuseForeignBytes(text)
  const fields = new Map<string, string[]>()
  for (const [name, value] of new URLSearchParams(text)) {
    const values = fields.get(name)
    if (values) values.push(value)
    else fields.set(name, [value])
  }
  return Object.fromEntries(
    [...fields].map(([name, [first = '', ...rest]]) => [name, rest.length ? [first, ...rest] : first]),
  )
}

// URLSearchParams would put U+FFFD in their place.
function refuseForeignBytes(text: string): void {
  for (const [escaped] of text.matchAll(/(?:%[0-9a-f]{2})+/gi)) {
    decode(Buffer.from(escaped.replaceAll('%', ''), 'hex'))
  }
}
