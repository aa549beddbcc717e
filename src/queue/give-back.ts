import { failed } from './outcome.js'
import type { Outcome, Recovered, TaskConsumer } from './task-consumer.js'

/** Who holds tasks may go away so often; then a task that nobody survives is dead. */
const mostReturns = 20

/**
 * Gives tasks back to the end of their queue, for whoever had them has gone: no attempt is counted. One that comes back
 * again and again is dead in the end. One round trip, and one more where there are such.
 *
 * @param consumer who holds them
 * @returns how many were still held
 * @throws {RedisUnavailableError} and then they may have been given back or not; it is safe to repeat
 */
export async function giveBack(consumer: TaskConsumer, tasks: Recovered[]): Promise<number> {
  const marks = tasks.map(({ task, mark }) => ({ id: task.id, attempt: mark.attempt }))
  const outcomes = await consumer.giveBack(marks, mostReturns)
  const rest = tasks.flatMap((each, index) => {
    if (outcomes[index] === 'worn') return { ...marks[index]!, outcome: worn(each) }
    if (outcomes[index] === 'cancelled') return { ...marks[index]!, outcome: cancelled }
    return []
  })
  if (rest.length > 0) await consumer.settle(rest)
  return outcomes.filter((outcome) => outcome !== 'lost').length
}

const cancelled: Outcome = { kind: 'cancelled', detail: '{"name":"AbortedError","message":"cancelled"}' }

function worn({ task, mark: { consumer: worker, startedAt } }: Recovered): Outcome {
  const error = new Error(`given back ${mostReturns} times by consumers that went away without settling it`)
  delete error.stack
  return failed(task, error, { worker, startedAt, endedAt: Date.now(), canRetry: false })
}
