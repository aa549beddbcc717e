import type { Handler } from '../handlers/registry.js'
import type { Logger } from '../process/log.js'
import type { StoredTask } from '../queue/envelope.js'
import type { Outcome } from '../queue/task-consumer.js'

const withoutHandlerMs = 5000
const busyMs = 100
/** Tasks of a busy handler come back so far from each other: a long queue of them must not go round at full speed. */
const spacingMs = 2

/** When tasks that cannot be run here, or not now, are due again. */
export class Postponement {
  readonly #lastDue = new Map<Handler, number>()
  readonly #unknown = new Set<string>()

  constructor(private readonly log: Logger) {}

  /** As many tasks of this handler run as it allows. They come back in the order in which they came. */
  whileBusy(handler: Handler, now = Date.now()): Outcome {
    const due = Math.max(now + busyMs, (this.#lastDue.get(handler) ?? 0) + spacingMs)
    this.#lastDue.set(handler, due)
    return { kind: 'postpone', delayMs: due - now }
  }

  /** There is no such handler here: other workers may have it. */
  withoutHandler({ name }: StoredTask): Outcome {
    if (!this.#unknown.has(name)) {
      this.#unknown.add(name)
      this.log.warn({ handler: name }, 'no such handler here: its tasks are put off for other workers')
    }
    return { kind: 'postpone', delayMs: withoutHandlerMs }
  }
}
