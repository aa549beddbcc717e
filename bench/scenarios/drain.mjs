import { Group, withGroup } from '../measure/group.mjs'
import { drainRate } from '../measure/drain-rate.mjs'
import { subjectNames } from '../subjects/subject.mjs'

/** Waiting tasks worked off by some processes. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: subjectNames,
  async measure(bench, subject) {
    const results = []
    for (const processes of bench.sizes.workers) {
      const value = await withGroup(new Group(bench, subject), (group) => drain(group, processes))
      results.push({
        row: `drain, ${processes} worker process${processes > 1 ? 'es' : ''}`,
        unit: '/s',
        value,
      })
    }
    return results
  },
}

// The first half is not counted, in which the processes connect and their code is compiled: workers live for weeks.
async function drain(group, processes) {
  const counted = group.bench.sizes.tasks
  const count = 2 * counted
  await group.loadWorkers(processes)
  await group.fill(count)
  const rate = drainRate(() => group.unfinished(), counted)
  await group.startWorkers({ count })
  const value = await rate
  await group.check(count)
  return value
}
