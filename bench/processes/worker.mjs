// A process that works on tasks: the handler only notes which came, and when.
import { loadSubject } from '../subjects/subject.mjs'
import { serve } from './serve.mjs'

const stopping = []
let runs = new Uint8Array(0)
let total = 0
let times
let hangs = false

serve({ load, start, handled, handledCount, startedAt, stop })

/** Loads the code, so that starting takes no longer for who has more of it. */
async function load({ subject }) {
  await loadSubject(subject)
}

/**
 * @param {object} args
 * @param {number} args.count tasks there will be, numbered from 0
 * @param {boolean} [args.isTimed] notes when each starts
 * @param {boolean} [args.isHanging] handlers never end
 * @param {number} [args.instances] workers in this process
 */
async function start({ subject: name, count, isTimed = false, isHanging = false, instances = 1, ...place }) {
  const subject = await loadSubject(name)
  runs = new Uint8Array(count)
  times = isTimed ? new Float64Array(count) : undefined
  hangs = isHanging
  for (let instance = 0; instance < instances; instance += 1) {
    stopping.push(await subject.startWorker({ ...place, handle }))
  }
}

function handle(n) {
  runs[n] += 1
  total += 1
  if (times) times[n] = Number(process.hrtime.bigint()) / 1e6
  return hangs ? new Promise(() => undefined) : undefined
}

/** How often each task was run here. */
function handled() {
  return runs
}

/** How many ran here. */
function handledCount() {
  return total
}

/** When each started, ms of a clock that all processes share. */
function startedAt() {
  return times
}

async function stop() {
  await Promise.all(stopping.splice(0).map((stopOne) => stopOne()))
}
