import { Group, withGroup } from '../measure/group.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { startRole } from '../processes/process.mjs'

const count = 10
const patienceMs = 120_000

/** A worker is killed with tasks in its hand; another is there. How long until all of them run again. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['servery', 'bullmq', 'bee-queue'],
  isOnce: true,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject), async (group) => {
      await group.loadWorkers(1)
      await group.startWorkers({ count, concurrency: count, isHanging: true })
      await group.producer.call('enqueue', { first: 0, count, inFlight: 1 })
      const [first] = group.workers
      await waitUntil(
        () => first.call('handledCount'),
        (handled) => handled === count,
      )
      const second = startRole('worker')
      group.workers.push(second)
      await second.call('start', { ...group.place, queues: [group.place.queue], count, concurrency: count })
      const start = performance.now()
      await first.end('SIGKILL')
      group.workers.shift()
      await waitUntil(
        () => second.call('handledCount'),
        (handled) => handled === count,
        patienceMs,
      )
      return [{ row: 'running again after SIGKILL', unit: 's', value: (performance.now() - start) / 1000 }]
    }),
}
