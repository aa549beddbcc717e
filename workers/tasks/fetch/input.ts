import Type, { type Static } from 'typebox'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
const longestUrl = 8192
const longestDelaySeconds = 3600

// They say how a message is framed and where it goes: that is for the connection to say.
const reservedHeaders = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const Url = Type.Refine(
  Type.String({ description: 'http or https; a private address only if FETCH_ALLOW names it' }),
  (url) => mistakeInUrl(url) === undefined,
  (url) => `must be ${mistakeInUrl(url)}`,
)

const Headers = Type.Refine(
  Type.Record(Type.String(), Type.String({ maxLength: 8192, pattern: '^[\\t\\x20-\\x7e\\x80-\\xff]*$' }), {
    maxProperties: 50,
  }),
  (headers) => badNames(headers).length === 0,
  (headers) => `must have other names than ${badNames(headers).join(', ')}`,
)

const Body = Type.Unsafe<string | object>({
  type: ['string', 'object', 'array'],
  description: 'a text, sent as it is, or an object or array, sent as JSON',
})

/** What `fetch-url` takes. */
export const FetchInput = Type.Refine(
  Type.Object(
    {
      url: Url,
      method: Type.Optional(
        Type.Enum([...methods, ...methods.map((method) => method.toLowerCase())], {
          description: 'GET unless given, POST if there is a body',
        }),
      ),
      headers: Type.Optional(Headers),
      body: Type.Optional(Body),
      delay: Type.Optional(
        Type.Number({
          minimum: 0,
          maximum: longestDelaySeconds,
          description: 'seconds to wait before the request; meanwhile the task is active',
        }),
      ),
    },
    { additionalProperties: false },
  ),
  ({ method, body }) => !body || !/^(GET|HEAD)$/i.test(method ?? ''),
  () => 'must have no body with method GET or HEAD',
)
/** An input as `run` gets it. */
export type FetchData = Static<typeof FetchInput>

/** What should be different about a URL, or undefined if it can be fetched. */
export function mistakeInUrl(text: string): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return 'an http or https URL'
  if (url.username || url.password) return 'a URL without a password: put it into an authorization header'
  if (url.href.length > longestUrl) return `at most ${longestUrl} characters long`
  return undefined
}

/**
 * The input that a bare value on a queue means: a URL, or the JSON of an input.
 *
 * @throws {SyntaxError} for what begins as JSON but is none
 */
export function fromRaw(value: string): unknown {
  const text = value.trim()
  return text.startsWith('{') ? (JSON.parse(text) as unknown) : { url: text }
}

function badNames(headers: Record<string, string>): string[] {
  return Object.keys(headers)
    .filter(
      (name) => reservedHeaders.has(name.toLowerCase()) || !/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}$/.test(name),
    )
    .map((name) => JSON.stringify(name.slice(0, 100)))
}
