// A process that enqueues.
import { loadSubject } from '../subjects/subject.mjs'
import { serve } from './serve.mjs'

let producer

serve({ open, enqueue, enqueueMany, enqueueSlowly, unfinished, close })

async function open({ subject: name, ...place }) {
  const subject = await loadSubject(name)
  producer = await subject.openProducer(place)
  // The connection and the scripts are there before anything is measured.
  await producer.unfinished()
}

/** One at a time, `inFlight` of them under way. Returns the ms it took. */
function enqueue({ first, count, inFlight }) {
  return timed(() => inParallel({ first, count, inFlight, size: 1 }, ([n]) => producer.enqueue(n)))
}

/** In bulk, `size` at once. Returns the ms it took. */
function enqueueMany({ first, count, inFlight, size }) {
  return timed(() => inParallel({ first, count, inFlight, size }, (ns) => producer.enqueueMany(ns)))
}

/** One every `everyMs`. Returns the times at which each was enqueued, ms of a clock that all processes share. */
async function enqueueSlowly({ first, count, everyMs }) {
  const times = new Float64Array(count)
  for (let n = 0; n < count; n += 1) {
    await new Promise((resolve) => setTimeout(resolve, everyMs))
    times[n] = sharedMs()
    await producer.enqueue(first + n)
  }
  return times
}

function unfinished() {
  return producer.unfinished()
}

async function close() {
  await producer.close()
}

async function inParallel({ first, count, inFlight, size }, send) {
  let next = first
  const end = first + count
  const sendOn = async () => {
    while (next < end) {
      const from = next
      next = Math.min(end, from + size)
      await send(Array.from({ length: next - from }, (_, index) => from + index))
    }
  }
  await Promise.all(Array.from({ length: inFlight }, sendOn))
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function sharedMs() {
  return Number(process.hrtime.bigint()) / 1e6
}
