import { setTimeout as sleep } from 'node:timers/promises'
import { startWeb } from '../measure/web.mjs'
import { expectCount } from '../measure/wait.mjs'
import { startRole } from '../processes/process.mjs'

const busyEveryMs = 5
const settleMs = 1000
const list = 'task:prodcons:queue'

/** Pages that watch a busy queue: what they cost the web process and Redis. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['servery'],
  isOnce: true,
  async measure(bench) {
    await bench.redis.empty()
    const { process, url } = await startWeb(bench)
    const results = []
    try {
      for (const pages of bench.sizes.pages) {
        results.push(...(await watchPages(bench, { process, url, pages })))
      }
    } finally {
      await process.end()
    }
    return results
  },
}

async function watchPages(bench, { process, url, pages }) {
  const viewer = startRole('viewer')
  const busy = setInterval(() => makeNews(bench.redis.client), busyEveryMs)
  try {
    expectCount('pages open', await viewer.call('open', { url: `${url}/events`, pages }), pages)
    await sleep(settleMs)
    const before = await process.call('usage')
    const commands = await bench.redis.watch(bench.sizes.watchMs)
    const after = await process.call('usage')
    const seconds = bench.sizes.watchMs / 1000
    const percent = (after.cpuUs - before.cpuUs) / seconds / 1e4
    const who = `${pages} open page${pages > 1 ? 's' : ''}`
    return [
      { row: `CPU of the web process, ${who}`, unit: '% of a core', value: percent },
      {
        row: `commands of the web process, ${who}`,
        unit: 'per second',
        value: sentByWeb(commands) / seconds,
      },
      { row: `resident memory of the web process, ${who}`, unit: 'MiB', value: after.rssBytes / 2 ** 20 },
    ]
  } finally {
    clearInterval(busy)
    await viewer.end()
  }
}

/** The queue's length changes, and something is told to those who listen. */
function makeNews(redis) {
  redis
    .pipeline()
    .lpush(list, 'x')
    .publish('task:pubsub:channel', 'news')
    .exec()
    .catch(() => undefined)
}

/** All but what {@link makeNews} sends. */
function sentByWeb({ lpush, publish, ...others }) {
  return Object.values(others).reduce((sum, count) => sum + count, 0)
}
