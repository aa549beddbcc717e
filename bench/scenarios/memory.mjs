import { Group, withGroup } from '../measure/group.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { mainNames } from '../subjects/subject.mjs'

/** What Redis needs for a task, and the worker for itself. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: mainNames,
  isOnce: true,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject, { keepsRecords: true }), async (group) => {
      const { redis, sizes } = bench
      const count = sizes.tasks
      const before = await redis.usedBytes()
      await group.fill(count)
      const waiting = await redis.usedBytes()
      await group.loadWorkers(1)
      await group.startWorkers({ count })
      await waitUntil(
        () => group.unfinished(),
        (left) => left === 0,
      )
      await group.check(count)
      const finished = await redis.usedBytes()
      const [{ rssBytes }] = await Promise.all(group.workers.map((worker) => worker.call('usage')))
      return [
        { row: 'bytes in Redis, waiting task', unit: 'bytes', value: (waiting - before) / count },
        // The floor keeps no records.
        ...(subject === 'floor'
          ? []
          : [{ row: 'bytes in Redis, finished task', unit: 'bytes', value: (finished - before) / count }]),
        { row: 'resident memory of a worker that was busy', unit: 'MiB', value: rssBytes / 2 ** 20 },
      ]
    }),
}
