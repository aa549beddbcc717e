import type { Attempt } from '../../src/queue/envelope.js'
import type { Outcome } from '../../src/queue/task-consumer.js'

export const aDay = 86_400_000
export const outcomes = ['done', 'cancelled', 'retry', 'dead', 'return', 'postpone', 'park'] as const
export type OutcomeKind = (typeof outcomes)[number]

/** An outcome of each kind, with the least there must be in it. */
export function outcomeOf(kind: OutcomeKind, number: number): Outcome {
  const attempt: Attempt = {
    attempt: number,
    worker: '',
    startedAt: 0,
    endedAt: 0,
    error: { name: '', message: '' },
  }
  switch (kind) {
    case 'done':
    case 'cancelled':
      return { kind, detail: 'null' }
    case 'retry':
      return { kind, delayMs: aDay, attempt }
    case 'dead':
      return { kind, attempt }
    case 'return':
    case 'park':
      return { kind }
    case 'postpone':
      return { kind, delayMs: aDay }
  }
}
