import { account } from '../measure/account.mjs'
import { bulk, Group, within, withGroup } from '../measure/group.mjs'
import { waitUntil } from '../measure/wait.mjs'
import { startTasksWorker } from '../measure/web.mjs'

const inFlight = 100
const measured = 5000
const quickly = { CONCURRENCY: '1000' }

/** What the tasks that are there already are, and how they come to be. */
const kinds = {
  waiting: {},
  delayed: { settings: { delay: '1d' } },
  dead: { task: 'fail' },
}

/** What a task costs Redis beside many others: it must not grow with them. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['servery'],
  isOnce: true,
  async measure(bench) {
    const results = []
    for (const kind of Object.keys(kinds)) {
      for (const backlog of bench.sizes.backlogs) results.push(...(await measureBeside(bench, kind, backlog)))
    }
    return results
  },
}

async function measureBeside(bench, kind, backlog) {
  await fill(bench, kind, backlog)
  const group = new Group(bench, 'servery', { queue: 'default' })
  const { enqueued, run } = await within(group, measureTasks)
  const beside = `beside ${backlog.toLocaleString('en')} ${kind}`
  return [
    { row: `enqueue ${beside}`, unit: 'µs in scripts', value: enqueued },
    { row: `run ${beside}`, unit: 'µs in scripts', value: run },
  ]
}

/** The backlog itself, made by whom it is not measured. */
async function fill(bench, kind, backlog) {
  const group = new Group(bench, 'servery', { queue: 'default', ...kinds[kind] })
  await withGroup(group, async () => {
    await group.producer.call('enqueueMany', { first: 0, count: backlog, ...bulk })
    if (kind !== 'dead') return
    const worker = startTasksWorker(bench, quickly)
    await waitUntil(
      () => group.unfinished(),
      (left) => left === 0,
      600_000,
    )
    await worker.end()
  })
}

async function measureTasks({ bench, producer }) {
  const { redis } = bench
  const enqueued = await account(redis, producer, () =>
    producer.call('enqueue', { first: 0, count: measured, inFlight }),
  )
  const before = await producer.call('unfinished')
  const worker = startTasksWorker(bench, quickly)
  let left = before
  const run = await account(redis, worker, async () => {
    left = await waitUntil(
      () => producer.call('unfinished'),
      (now) => now <= before - measured,
    )
  })
  // What it has in hand comes back, or not: the next measurement begins with an empty Redis.
  await worker.end('SIGKILL')
  return { enqueued: enqueued.scriptUs / measured, run: run.scriptUs / (before - left) }
}
