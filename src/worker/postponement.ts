import type { Handler } from '../handlers/registry.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import type { Outcome } from '../queue/task-consumer.js'

const withoutHandlerMs = 5000
const busyMs = 100
/** Tasks of a busy handler come back so far from each other at least: a long queue of them must not go round at full speed. */
const leastPaceMs = 2
/** However slow it is: other workers may be free before. */
const longestMs = 5000

/** When tasks that cannot be run here, or not now, are due again. */
export class Postponement {
  readonly #lastDue = new Map<Handler, number>()
  readonly #unknown = new Set<string>()

  constructor(private readonly log: Logger) {}

  /**
   * As many tasks of this handler run as it allows. They come back in the order in which they came, at its pace.
   *
   * @param paceMs ms from one of its tasks to the next
   */
  whileBusy(handler: Handler, paceMs = leastPaceMs, now = Date.now()): Outcome {
    const next = (this.#lastDue.get(handler) ?? 0) + Math.max(paceMs, leastPaceMs)
    const due = Math.min(Math.max(now + busyMs, next), now + longestMs)
    this.#lastDue.set(handler, due)
    return { kind: 'postpone', delayMs: Math.round(due - now) }
  }

  /** There is no such handler here: other workers may have it. */
  withoutHandler({ name }: StoredTask): Outcome {
    if (!this.#unknown.has(name)) {
      // A copy: as it is, it would keep the batch alive in which it came.
      this.#unknown.add(Buffer.from(name).toString())
      this.log.warn({ handler: name }, 'no such handler here: its tasks are put off for other workers')
    }
    return { kind: 'postpone', delayMs: withoutHandlerMs }
  }
}
