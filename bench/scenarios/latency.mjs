import { Group, withGroup } from '../measure/group.mjs'
import { percentile } from '../measure/statistics.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { mainNames } from '../subjects/subject.mjs'

const everyMs = 10
const warmUp = 50

/** From the call that enqueues to the handler's start, while nothing else happens. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: mainNames,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject), async (group) => {
      const count = warmUp + bench.sizes.idleTasks
      await group.loadWorkers(1)
      await group.startWorkers({ count, isTimed: true })
      const sentAt = await group.producer.call('enqueueSlowly', { count, everyMs })
      await waitUntil(
        () => group.unfinished(),
        (left) => left === 0,
      )
      await group.check(count)
      const startedAt = await group.workers[0].call('startedAt')
      const waits = Array.from(startedAt, (at, n) => at - sentAt[n]).slice(warmUp)
      return [
        { row: 'enqueue to start, idle, p50', unit: 'ms', value: percentile(waits, 0.5) },
        { row: 'enqueue to start, idle, p99', unit: 'ms', value: percentile(waits, 0.99) },
      ]
    }),
}
