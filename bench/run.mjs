import { RedisServer } from './measure/redis-server.mjs'
import { describeMachine } from './measure/machine.mjs'
import { WrongResult } from './measure/wait.mjs'
import { profilesIn, profileOptions } from './measure/profile.mjs'
import { Results } from './report/results.mjs'
import { writeReport } from './report/write.mjs'

/**
 * What a scenario works with.
 * @typedef {object} Bench
 * @property {RedisServer} redis
 * @property {import('./options.mjs').Sizes} sizes
 * @property {(role: string, subject: string) => { execArgv: string[] }} nodeOptions for a process of this role
 *
 * @typedef {object} Measured
 * @property {string} row of the table
 * @property {string} unit
 * @property {number} value
 *
 * @typedef {object} Scenario
 * @property {string[]} subjects that it is measured with
 * @property {boolean} [isOnce] one round tells all: it counts rather than times
 * @property {(bench: Bench, subject: string) => Promise<Measured[]>} measure
 */

/**
 * Measures, prints and writes down.
 * @param {ReturnType<typeof import('./options.mjs').readOptions>} options
 * @returns {Promise<number>} exit code: 1 if anything did not do its work
 */
export async function run(options) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1))
  const redis = new RedisServer()
  const results = new Results()
  try {
    await redis.start()
    const machine = await describeMachine(redis.client)
    const nodeOptions = options.isProfiled ? profileOptions : () => ({ execArgv: [] })
    await measureAll({ redis, sizes: options.sizes, nodeOptions }, options, results)
    writeReport({ machine, results, isWhole: options.isWhole })
  } finally {
    await redis.stop()
  }
  if (options.isProfiled) console.log(profilesIn())
  return results.wrong.length > 0 ? 1 : 0
}

/** Round by round, and within one subject after subject, so that what else the machine does disturbs all alike. */
async function measureAll(bench, { scenarios, subjects }, results) {
  for (let round = 0; round < bench.sizes.rounds; round += 1) {
    for (const name of scenarios) {
      const { scenario } = await import(`./scenarios/${name}.mjs`)
      if (scenario.isOnce && round > 0) continue
      const chosen = scenario.subjects.filter((subject) => !subjects || subjects.includes(subject))
      for (const subject of rotated(chosen, round)) {
        await measureOne({ bench, scenario, name, subject }, results)
      }
    }
  }
}

async function measureOne({ bench, scenario, name, subject }, results) {
  const start = performance.now()
  try {
    const all = await scenario.measure(bench, subject)
    for (const measured of all) results.add({ scenario: name, subject, ...measured })
  } catch (error) {
    // The others are measured all the same.
    const reason = error instanceof WrongResult ? error.message : error.stack
    results.addWrong({ scenario: name, subject, reason })
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stderr.write(`${name} ${subject} (${seconds} s)\n`)
}

/** Who comes first changes from round to round. */
const rotated = (list, by) => list.map((_, index) => list[(index + by) % list.length])
