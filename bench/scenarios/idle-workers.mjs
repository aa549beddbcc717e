import { setTimeout as sleep } from 'node:timers/promises'
import { Group, withGroup } from '../measure/group.mjs'

const settleMs = 1500
/** Some ask only every twelve seconds. */
const watchMs = 24_000

/** What workers send Redis while there is nothing to do. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['servery', 'bullmq', 'bee-queue'],
  isOnce: true,
  async measure(bench, subject) {
    const results = []
    for (const instances of bench.sizes.idleWorkers) {
      const value = await withGroup(new Group(bench, subject), (group) => watchIdle(group, instances))
      const who = instances === 1 ? 'an idle worker' : `each of ${instances} idle workers`
      results.push({ row: `commands of ${who}`, unit: 'per second', value })
    }
    return results
  },
}

async function watchIdle(group, instances) {
  const { redis } = group.bench
  await group.loadWorkers(1)
  await group.startWorkers({ count: 0, instances, concurrency: 10 })
  await sleep(settleMs)
  const commands = await redis.watch(watchMs)
  const sent = Object.values(commands).reduce((sum, count) => sum + count, 0)
  return sent / (watchMs / 1000) / instances
}
