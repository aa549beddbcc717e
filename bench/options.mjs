import { parseArgs } from 'node:util'
import { complain } from '../setup/say.mjs'
import { scenarioNames } from './scenario-names.mjs'

/**
 * How much is measured.
 * @typedef {object} Sizes
 * @property {number} rounds of everything that is compared
 * @property {number} tasks in a measurement of throughput
 * @property {number} requests over HTTP in one
 * @property {number} warmUp tasks one after another, before those on an idle system
 * @property {number} idleTasks that are started on an idle system
 * @property {number[]} workers that drain
 * @property {number[]} backlogs beside which the cost of a task is measured
 * @property {number[]} queues on one worker
 * @property {number[]} idleWorkers
 * @property {number[]} pages
 * @property {number} watchMs for which something that goes on is watched
 */

/** @type {Sizes} */
const full = {
  rounds: 3,
  tasks: 100_000,
  requests: 20_000,
  warmUp: 5000,
  idleTasks: 500,
  workers: [1, 2, 4],
  backlogs: [1, 10_000, 1_000_000],
  queues: [1, 1000],
  idleWorkers: [1, 10, 100],
  pages: [1, 100, 1000],
  watchMs: 10_000,
}

/** @type {Sizes} */
const quick = {
  rounds: 1,
  tasks: 10_000,
  requests: 3000,
  warmUp: 1000,
  idleTasks: 100,
  workers: [1, 2],
  backlogs: [1, 10_000],
  queues: [1, 100],
  idleWorkers: [10],
  pages: [1, 100],
  watchMs: 2000,
}

/** They take their time: left out when it has to be quick, unless asked for by name. */
const slow = ['backlog', 'queues', 'idle-workers', 'sigkill']

const usage = `npm run bench -- [--quick] [--only NAME[,NAME]] [--rounds N] [--subjects NAME[,NAME]] [--profile]
  scenarios: ${scenarioNames.join(', ')}`

/**
 * What the command line asks for. Ends the process where it is not understood.
 * @param {string[]} args
 * @returns {{ sizes: Sizes, isWhole: boolean, scenarios: string[], subjects?: string[], isProfiled: boolean }}
 */
export function readOptions(args) {
  const { quick: isQuick, only, rounds, subjects, profile, help } = parse(args)
  if (help) end(usage, 0)
  const scenarios = only?.split(',') ?? scenarioNames.filter((name) => !isQuick || !slow.includes(name))
  const unknown = scenarios.filter((name) => !scenarioNames.includes(name))
  if (unknown.length > 0) end(`--only: no scenario ${unknown.join(', ')}\n${usage}`, 1)
  const sizes = { ...(isQuick ? quick : full), ...(rounds && { rounds: toRounds(rounds) }) }
  const isWhole = !isQuick && !only && !subjects && !rounds && !profile
  return { sizes, isWhole, scenarios, subjects: subjects?.split(','), isProfiled: profile }
}

function parse(args) {
  const options = {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    subjects: { type: 'string' },
    profile: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    return end(`${error.message}\n${usage}`, 1)
  }
}

function toRounds(text) {
  const rounds = Number(text)
  if (Number.isInteger(rounds) && rounds >= 1) return rounds
  return end(`--rounds: expected a whole number from 1 on, got ${JSON.stringify(text)}`, 1)
}

function end(text, code) {
  if (code === 0) console.log(text)
  else complain(text)
  process.exit(code)
}
