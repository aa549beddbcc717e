import { account } from '../measure/account.mjs'
import { bulk, Group, withGroup } from '../measure/group.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { subjectNames } from '../subjects/subject.mjs'

const inFlight = 100

/** Where the time of a task goes: in Redis, and in the process that enqueues it or works on it. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: subjectNames,
  measure: (bench, subject) =>
    withGroup(new Group(bench, subject), async (group) => {
      const count = bench.sizes.tasks
      const { producer } = group
      const one = await perTask(group, { process: producer, count }, () =>
        producer.call('enqueue', { first: 0, count, inFlight }),
      )
      const many = await perTask(group, { process: producer, count }, () =>
        producer.call('enqueueMany', { first: count, count, ...bulk }),
      )
      await group.loadWorkers(1)
      const total = 2 * count
      const drained = await perTask(group, { process: group.workers[0], count: total }, () =>
        drain(group, total),
      )
      return [...toRows('enqueue', one), ...toRows('enqueue in bulk', many), ...toRows('drain', drained)]
    }),
}

async function drain(group, count) {
  await group.startWorkers({ count })
  await waitUntil(
    () => group.workers[0].call('handledCount'),
    (handled) => handled === count,
  )
  await waitUntil(
    () => group.unfinished(),
    (left) => left === 0,
  )
  await group.check(count)
}

/** What some work costs for each of `count` tasks. */
async function perTask(group, { process, count }, work) {
  const costs = await account(group.bench.redis, process, work)
  return Object.fromEntries(Object.entries(costs).map(([name, cost]) => [name, cost / count]))
}

function toRows(what, { reads, scripts, commands, scriptUs, redisUs, nodeUs }) {
  return [
    { row: `${what}: round trips (reads by Redis)`, unit: 'per task', value: reads },
    { row: `${what}: script calls`, unit: 'per task', value: scripts },
    { row: `${what}: commands, those of scripts too`, unit: 'per task', value: commands },
    { row: `${what}: time in scripts`, unit: 'µs per task', value: scriptUs },
    { row: `${what}: CPU of Redis`, unit: 'µs per task', value: redisUs },
    { row: `${what}: CPU of Node`, unit: 'µs per task', value: nodeUs },
  ]
}
