import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { QueueCounts } from '../../queue/queue-counts.js'
import type { Live } from '../live/live.js'
import type { TaskBoard } from '../task-board.js'

export interface MetricsOptions {
  board: TaskBoard
  live: Live
  /** Key of the prodcons lane. */
  prodcons: string
}

const perQueue = {
  waiting: 'tasks that wait',
  delayed: 'tasks that are scheduled or wait for another attempt',
  active: 'tasks that are being worked on',
  dead: 'tasks whose attempts are used up',
  accepted: 'tasks taken in, ever',
  done: 'tasks done, ever',
  failed: 'attempts failed, ever',
  removed: 'tasks cancelled or removed, ever',
  bytes: 'bytes that unfinished tasks hold',
} as const satisfies Partial<Record<keyof QueueCounts, string>>

/** `/metrics`: for Prometheus. Read from Redis when asked for; counters live there, so every web process says the same. */
export async function metricsRoutes(
  app: FastifyInstance,
  { board, live, prodcons }: MetricsOptions,
): Promise<void> {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const length = new Gauge({
    name: 'servery_prodcons_length',
    help: 'values that wait in the prodcons lane',
    labelNames: ['queue'],
    registers: [registry],
  })
  const gauges = createGauges(registry)

  app.get(
    '/metrics',
    { schema: { summary: 'For Prometheus', produces: ['text/plain'] } },
    async (_request, reply) => {
      const { sample } = await live.look()
      length.set({ queue: prodcons }, sample.length ?? NaN)
      for (const counts of await board.counts()) {
        for (const [name, gauge] of gauges) gauge.set({ queue: counts.name }, counts[name])
      }
      return reply.type(registry.contentType).send(await registry.metrics())
    },
  )
}

function createGauges(registry: Registry): [keyof typeof perQueue, Gauge][] {
  return Object.entries(perQueue).map(([name, help]) => [
    name as keyof typeof perQueue,
    new Gauge({ name: `servery_tasks_${name}`, help, labelNames: ['queue'], registers: [registry] }),
  ])
}
