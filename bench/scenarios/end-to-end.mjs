import { Group, withGroup } from '../measure/group.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { subjectNames } from '../subjects/subject.mjs'

const inFlight = 100
const warmUp = 2000

/** A producer and a worker at the same time, from the first task in to the last one finished. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: subjectNames,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject), async (group) => {
      const { tasks } = bench.sizes
      const count = warmUp + tasks
      await group.loadWorkers(1)
      await group.startWorkers({ count })
      await produceAndWork(group, { first: 0, count: warmUp })
      const ms = await produceAndWork(group, { first: warmUp, count: tasks })
      await group.check(count)
      return [{ row: 'end to end', unit: '/s', value: tasks / (ms / 1000) }]
    }),
}

async function produceAndWork(group, tasks) {
  const start = performance.now()
  await group.producer.call('enqueue', { ...tasks, inFlight })
  await waitUntil(
    () => group.unfinished(),
    (left) => left === 0,
  )
  return performance.now() - start
}
