import type { FastifyReply } from 'fastify'

/** Aborts when the client has gone, or has its answer: nothing need be done for it any more. */
export function clientSignal({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  if (raw.destroyed) controller.abort()
  else raw.once('close', () => controller.abort())
  return controller.signal
}
