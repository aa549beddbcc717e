import { Group, withGroup } from '../measure/group.mjs'
import { percentile } from '../measure/statistics.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { mainNames } from '../subjects/subject.mjs'

const everyMs = 10

/** From the call that enqueues to the handler's start, while nothing else happens. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: mainNames,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject), async (group) => {
      // Processes that have just begun to live run most of their code for the first time.
      const { warmUp, idleTasks } = bench.sizes
      const count = warmUp + idleTasks
      await group.loadWorkers(1)
      await group.startWorkers({ count, isTimed: true })
      await group.producer.call('enqueue', { first: 0, count: warmUp, inFlight: 1 })
      const slow = { first: warmUp, count: idleTasks, everyMs }
      const sentAt = await group.producer.call('enqueueSlowly', slow)
      await waitUntil(
        () => group.unfinished(),
        (left) => left === 0,
      )
      await group.check(count)
      const startedAt = await group.workers[0].call('startedAt')
      const waits = Array.from(sentAt, (at, n) => startedAt[warmUp + n] - at)
      return [
        { row: 'enqueue to start, idle, p50', unit: 'ms', value: percentile(waits, 0.5) },
        { row: 'enqueue to start, idle, p99', unit: 'ms', value: percentile(waits, 0.99) },
      ]
    }),
}
