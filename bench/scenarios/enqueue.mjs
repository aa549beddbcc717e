import { bulk, Group, withGroup } from '../measure/group.mjs'
import { expectCount } from '../measure/wait.mjs'
import { mainNames, subjectNames } from '../subjects/subject.mjs'

const inFlight = 100
const warmUp = 2000

/** Tasks going in, one call each. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: mainNames,
  measure: (bench, subject) => measureEnqueue(bench, subject, { call: 'enqueue', inFlight }),
}

/** Tasks going in, in bulk. @type {import('../run.mjs').Scenario} */
export const bulkScenario = {
  subjects: subjectNames,
  measure: (bench, subject) => measureEnqueue(bench, subject, { call: 'enqueueMany', ...bulk }),
}

function measureEnqueue(bench, subject, { call, ...how }) {
  const { tasks } = bench.sizes
  return withGroup(new Group(bench, subject), async ({ producer }) => {
    await producer.call(call, { first: 0, count: warmUp, ...how })
    const ms = await producer.call(call, { first: warmUp, count: tasks, ...how })
    expectCount('enqueued', await producer.call('unfinished'), warmUp + tasks)
    const row = call === 'enqueue' ? 'enqueue, 100 in flight' : 'enqueue in bulk'
    return [{ row, unit: '/s', value: tasks / (ms / 1000) }]
  })
}
