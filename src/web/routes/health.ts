import type { FastifyInstance } from 'fastify'
import Type from 'typebox'
import { ErrorAnswer } from './schemas.js'

export interface HealthOptions {
  /** Resolves when Redis answers. */
  ping: () => Promise<unknown>
}

const Ok = Type.Object({ status: Type.Literal('ok') })

/** `/healthz`: this process lives. `/readyz`: and its Redis answers. */
export async function healthRoutes(app: FastifyInstance, { ping }: HealthOptions): Promise<void> {
  app.get(
    '/healthz',
    { config: { public: true }, schema: { summary: 'Does the process live?', response: { 200: Ok } } },
    async () => ({ status: 'ok' }) as const,
  )
  app.get(
    '/readyz',
    { schema: { summary: 'Does its Redis answer?', response: { 200: Ok, 503: ErrorAnswer } } },
    async () => {
      await ping()
      return { status: 'ok' } as const
    },
  )
}
