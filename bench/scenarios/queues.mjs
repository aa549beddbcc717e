import { bulk, Group, withGroup } from '../measure/group.mjs'
import { drainRate } from '../measure/drain-rate.mjs'

/** One worker process that serves many queues: what it drains a second, all queues together. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['servery', 'bullmq', 'bee-queue'],
  isOnce: true,
  async measure(bench, subject) {
    const results = []
    for (const queues of bench.sizes.queues) {
      const value = await withGroup(new Group(bench, subject), (group) => spread(group, queues))
      results.push({
        row: `drain ${queues} queue${queues > 1 ? 's' : ''} with one worker`,
        unit: '/s',
        value,
      })
    }
    return results
  },
}

/** Whether all are done is asked of the worker: looking at so many queues would disturb it. */
async function spread(group, size) {
  const each = Math.ceil(group.bench.sizes.tasks / size / 2)
  const count = each * size
  const queues = Array.from({ length: size }, (_, index) => `bench-${index}`)
  await group.loadWorkers(1)
  const { producer, place, workers } = group
  for (const [index, queue] of queues.entries()) {
    await producer.call('open', { ...place, queue })
    await producer.call('enqueueMany', { first: index * each, count: each, ...bulk })
    await producer.call('close')
  }
  const rate = drainRate(async () => count - (await workers[0].call('handledCount')), 0.9 * count)
  await group.startWorkers({ count, queues })
  const value = await rate
  await group.check(count)
  return value
}
