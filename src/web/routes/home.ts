import type { FastifyInstance } from 'fastify'
import type { Registry } from '../../handlers/registry.js'
import type { FeedItem } from '../live/feed.js'
import { type Live, quietAtMostMs } from '../live/live.js'
import { dayChart } from '../pages/day-chart.js'
import { taskForm } from '../pages/task-form.js'
import type { TaskBoard } from '../task-board.js'

export interface HomeOptions {
  live: Live
  board: TaskBoard
  handlers: Registry
  queue: string
  channel: string
  order: 'lifo' | 'fifo'
}

/** Queues whose last day is added up: each costs 25 small reads. */
const queuesOfDay = 20

/** `/`: the live page, complete as served, so that it works without JavaScript. */
export async function homeRoutes(app: FastifyInstance, options: HomeOptions): Promise<void> {
  const { live, board, handlers, queue, channel, order } = options
  app.get<{ Querystring: { task?: string } }>(
    '/',
    { schema: { summary: 'The live page', produces: ['text/html'] } },
    async ({ query }, reply) => {
      const { sample, feed, queues, workers } = await live.look()
      const busiest = [...queues].sort((one, other) => other.waiting - one.waiting).slice(0, queuesOfDay)
      // Without Redis the page says so, and shows no day.
      const day = await board.dayTraffic(busiest.map(({ name }) => name)).catch(() => [])
      const form = taskForm(handlers, query.task)
      const lanes = { queue, channel, order, sample, feed: feed.map(toLine) }
      return reply.page('home', { ...lanes, quietAtMostMs, queues, workers, day: dayChart(day), form })
    },
  )
}

/** A feed item as the page shows it; `views/feed.js` builds the same for items that come later. */
function toLine(item: FeedItem) {
  const time = new Date(item.at).toISOString()
  if (item.kind === 'message') return { kind: 'published', value: item.message, note: item.note, time }
  return { kind: item.action, value: item.value, by: item.by, more: item.count - 1, time }
}
