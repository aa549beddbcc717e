import createError from '@fastify/error'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'

const NoSuchRouteError = createError('NO_SUCH_ROUTE', 'there is no %s %s', 404)
const WrongMethodError = createError('WRONG_METHOD', '%s is not for %s; it takes %s', 405)
const BadUrlError = createError(
  'BAD_URL',
  'a % in a path must begin a UTF-8 sequence: write %25 for itself',
  400,
)

/** Where no route is. */
const nowhere = '/.bad-url'

/**
 * For Fastify's `rewriteUrl`: leads a path that cannot be decoded to where no route is. Fastify would answer it before
 * any plugin: without the token, the headers, and the page.
 */
export const rewriteBadUrl = ({ url = '/' }: { url?: string | undefined }): string =>
  isDecodable(url) ? url : nowhere

/** Answers what no route is for: 400 if the path cannot be read, 405 if it takes other methods, else 404. */
export const notFound = fp(
  async (app) => {
    const routes = new Map<string, { pattern: RegExp; methods: Set<string> }>()
    app.addHook('onRoute', ({ url, method }) => {
      const route = routes.get(url) ?? { pattern: toPattern(url), methods: new Set() }
      for (const each of [method].flat()) route.methods.add(each)
      routes.set(url, route)
    })
    app.setNotFoundHandler((request, reply) => {
      const path = pathOf(request)
      if (!isDecodable(path)) throw new BadUrlError()
      const taking = [...routes.values()].filter(({ pattern }) => pattern.test(path))
      const methods = taking.flatMap((route) => [...route.methods])
      // A file that is not there is looked for by a route of this method.
      if (methods.length === 0 || methods.includes(request.method)) {
        throw new NoSuchRouteError(request.method, path)
      }
      const allowed = [...new Set(methods)].sort().join(', ')
      reply.header('allow', allowed)
      throw new WrongMethodError(request.method, path, allowed)
    })
  },
  { name: 'not-found', dependencies: ['errors'] },
)

const pathOf = ({ originalUrl }: FastifyRequest): string => originalUrl.split('?')[0] ?? ''

// `/tasks/:id` → /^\/tasks\/[^/]+$/; `/assets/*` → /^\/assets\/.*$/
function toPattern(url: string): RegExp {
  const literal = url.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)
}

function isDecodable(url: string): boolean {
  if (!url.includes('%')) return true
  try {
    decodeURI(url.split('?')[0] ?? '')
    return true
  } catch {
    return false
  }
}
