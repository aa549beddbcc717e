import type { FastifyInstance } from 'fastify'
import type { FeedItem } from '../live/feed.js'
import { type Live, quietAtMostMs } from '../live/live.js'

export interface HomeOptions {
  live: Live
  queue: string
  channel: string
  order: 'lifo' | 'fifo'
}

/** `/`: the live page, complete as served, so that it works without JavaScript. */
export async function homeRoutes(app: FastifyInstance, options: HomeOptions): Promise<void> {
  const { live, queue, channel, order } = options
  app.get('/', { schema: { summary: 'The live page', produces: ['text/html'] } }, async (_request, reply) => {
    const { sample, feed } = await live.look()
    reply.header('cache-control', 'no-store')
    return reply.view('home', { queue, channel, order, quietAtMostMs, sample, feed: feed.map(toLine) })
  })
}

/** A feed item as the page shows it; `views/feed.js` builds the same for items that come later. */
function toLine(item: FeedItem) {
  const time = new Date(item.at).toISOString()
  const { note } = item
  if (item.kind === 'message') return { kind: 'published', value: item.message, note, time }
  return { kind: item.action, value: item.value, note, time }
}
