import type { Logger } from '../process/log.js'
import { giveBack } from './give-back.js'
import { failed } from './outcome.js'
import type { RetryPolicy } from './retry-policy.js'
import type { Recovered, TaskConsumer } from './task-consumer.js'

export interface RecoverOptions {
  log: Pick<Logger, 'warn'>
  /** The retry policy of a handler, if it is known here. */
  policyOf: (handler: string) => RetryPolicy | undefined
}

/** Dead consumers' tasks looked at in one round trip. */
const batch = 100

/** What the id of a consumer begins with that holds tasks for many clients: its death is not the tasks' doing. */
export const sharedConsumer = 'memcached~'

/**
 * Ends what dead consumers had started: each attempt has failed, and the tasks go the way of any that failed; what was held
 * for clients of its own goes back to the queue. Others may do the same at the same time. One round trip for each
 * {@link batch}, and one or two to settle them.
 */
export async function recoverDead(consumer: TaskConsumer, { log, policyOf }: RecoverOptions): Promise<void> {
  for (;;) {
    const { consumer: dead, tasks } = await consumer.recover(batch)
    if (dead === '') return
    if (tasks.length === 0) continue
    const end = dead.startsWith(sharedConsumer) ? giveBack : fail
    const count = await end(consumer.inPlaceOf(dead), tasks, policyOf)
    if (count > 0) log.warn({ consumer: dead, tasks: count }, 'recovered the tasks of a dead consumer')
  }
}

async function fail(
  dead: TaskConsumer,
  tasks: Recovered[],
  policyOf: RecoverOptions['policyOf'],
): Promise<number> {
  const lost = await dead.settle(tasks.map((held) => death(dead.id, held, policyOf(held.task.name))))
  return tasks.length - lost.length
}

function death(dead: string, { task, mark: { attempt, startedAt } }: Recovered, policy?: RetryPolicy) {
  const error = new Error(`the worker ${dead} died, or lost touch with Redis, while it ran this task`)
  delete error.stack
  const started = startedAt === undefined ? {} : { startedAt }
  const facts = { worker: dead, ...started, endedAt: Date.now(), policy }
  return { id: task.id, attempt, ...started, outcome: failed(task, error, facts) }
}
