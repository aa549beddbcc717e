import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { packageRoot } from '../../process/package-root.js'
import {
  dictionary,
  isLanguage,
  type Language,
  languages,
  liveTexts,
  type TextKey,
  translator,
} from '../language/dictionary.js'
import { views } from './views.js'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a browser gets of a route that answers programs with JSON. */
    page?: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>
  }
  interface FastifyInstance {
    /** What the path of every page, asset and route begins with; empty, or `/queues-of-my-app` say. */
    base: string
  }
  interface FastifyReply {
    /** Answers with a page, in the language of whoever asks. */
    page(view: string, model: object): FastifyReply
    /** Leads a browser on after a form was sent; `path` is without the base. */
    seeOther(path: string): FastifyReply
  }
}

/** The functions of `views/format.js`, which the browser uses too. */
interface Format {
  formatNumber: (number: number, language: string) => string
  formatAge: (ms: number) => string
}

const cookieName = 'servery-language'
const cookieSeconds = 365 * 86_400

/** Pages: rendered in the language of whoever asks, every link in them beginning with `base`. */
export const pages = fp(
  async (app: FastifyInstance, { base }: { base: string }) => {
    await app.register(views)
    const format = (await import(pathToFileURL(join(packageRoot, 'views/format.js')).href)) as Format
    app.decorate('base', base)
    app.decorateReply('page', function (view: string, model: object) {
      const shared = sharedModel(this.request, format)
      this.header('cache-control', 'no-store')
      this.header('content-language', shared.lang)
      this.header('vary', 'accept, accept-language, cookie')
      return this.view(view, { ...shared, ...model })
    })
    app.decorateReply('seeOther', function (path: string) {
      return this.redirect(base + path, 303)
    })
    app.addHook('preHandler', async (request, reply) => {
      const { page } = request.routeOptions.config
      return page && request.prefersHtml() ? page(request, reply) : undefined
    })
    app.get<{ Params: { language: string }; Querystring: { back?: string } }>(
      '/language/:language',
      { schema: { hide: true } },
      chooseLanguage,
    )
    app.get<{ Querystring: { id?: string } }>('/find', { schema: { hide: true } }, ({ query }, reply) => {
      const id = String(query.id ?? '').trim()
      return reply.seeOther(id === '' ? '/' : `/tasks/${encodeURIComponent(id)}`)
    })
  },
  { name: 'pages', dependencies: ['negotiation'] },
)

/** What every view gets: texts, formats, and where things are. */
function sharedModel(request: FastifyRequest, { formatNumber, formatAge }: Format) {
  const lang = languageOf(request)
  return {
    lang,
    t: translator(lang),
    /** The text of a key that is made of two parts, as `taskState.done`. */
    tOf: (group: string, name: string) => textOf(lang, `${group}.${name}`) ?? name,
    languages: languages.map((each) => ({ code: each, name: dictionary[each]['lang.name'] })),
    texts: JSON.stringify(liveTexts(lang)),
    base: request.server.base,
    // What was posted cannot be asked for again.
    path: request.method === 'GET' ? request.originalUrl : `${request.server.base}/`,
    number: (number: number) => formatNumber(number, lang),
    age: formatAge,
    /** Escapes, for attributes that a view puts together. */
    e: escaped,
    iso: (ms: number) => new Date(ms).toISOString(),
  }
}

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: unknown): string => String(text).replace(/[&<>"']/g, (each) => escapes[each] ?? each)

const textOf = (lang: Language, key: string): string | undefined => dictionary[lang][key as TextKey]

function languageOf(request: FastifyRequest): Language {
  const cookie = new RegExp(`(?:^|;\\s*)${cookieName}=(\\w+)`).exec(request.headers.cookie ?? '')?.[1]
  if (isLanguage(cookie)) return cookie
  const preferred = request.accepts().languages([...languages])
  return typeof preferred === 'string' && isLanguage(preferred) ? preferred : 'en'
}

async function chooseLanguage(
  { params, query, server }: FastifyRequest<{ Params: { language: string }; Querystring: { back?: string } }>,
  reply: FastifyReply,
) {
  const { language } = params
  if (isLanguage(language)) {
    const path = `${server.base}/`
    const attributes = `Path=${path}; Max-Age=${cookieSeconds}; SameSite=Lax; HttpOnly`
    reply.header('set-cookie', `${cookieName}=${language}; ${attributes}`)
  }
  return reply.redirect(ownPath(query.back, server.base), 303)
}

// Nobody is to be led elsewhere by a link to here: what a browser may take for another host is not followed.
function ownPath(back: string | undefined, base: string): string {
  const home = `${base}/`
  if (typeof back !== 'string' || !back.startsWith(home) || /^\/[/\\]|[\s\\]/.test(back)) return home
  return back
}
