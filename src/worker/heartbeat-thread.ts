import { writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { createLog } from '../process/log.js'
import { Duty } from '../process/duty.js'
import { decodeTask } from '../queue/envelope.js'
import { queuesKey, taskKeys, workerKey, workersKey } from '../queue/names.js'
import { failed } from '../queue/outcome.js'
import { TaskConsumer } from '../queue/task-consumer.js'
import { Connections } from '../redis/connections.js'
import type { HeartbeatMessage, HeartbeatOptions } from './heartbeat.js'
import { type Blocked, MainThreadWatch } from './main-thread-watch.js'
import { type RunningTask, RunningTable } from './running-table.js'

// The thread behind Heartbeat: keeps the leases, shows the worker, and watches the main thread.
const options = workerData as HeartbeatOptions
const table = new RunningTable(options.table)
// The main thread's log says what becomes of Redis. This one is for what the main thread cannot say.
const log = options.log && createLog('tasks', options.log)
const redis = new Connections(options.redisUrl, { log: pino({ enabled: false }), fatal: () => undefined })
const consumers = options.queues.map((queue) => {
  // Retention matters only when a task is ended here: then its attempt has failed, and it is kept as any other.
  return new TaskConsumer(redis.commands, { queue, id: options.consumer }, options.retention)
})

/** A lease has room for several tries. */
const retryMs = 200
const noticeEveryMs = 250
const registerEveryMs = 60_000

const beating = new Duty(beat, () => undefined, retryMs)
const showing = new Duty(show, () => undefined, options.everyMs)
let isShownBusy = false
const noticing = new Duty(notice, () => undefined, noticeEveryMs)
const registering = new Duty(register, () => undefined)
const watching = new MainThreadWatch({
  table,
  handlerUrls: options.handlers.map(({ url }) => url),
  onBlocked: sayBlocked,
  onUnblocked: () => showing.wake(),
  onOverdue: endWith,
})
// A first beat without a connection would fail, and leave the worker without a lease until the next.
void redis
  .ready(Infinity)
  .then(() => [beating, showing, noticing, registering].forEach((duty) => duty.start()))
watching.start()
parentPort?.on('message', () => void stop())

async function beat(): Promise<number> {
  const beats = await TaskConsumer.heartbeats(consumers, options.leaseMs)
  for (const [queue, beat] of beats.entries()) tell({ type: 'beat', queue, beat })
  return options.everyMs
}

function sayBlocked({ since, stack }: Blocked): void {
  const fields = { silentMs: Date.now() - since, stack }
  const text = 'the event loop is blocked'
  if (log) log.warn(fields, text)
  else tell({ type: 'warning', text, fields })
  showing.wake()
}

// It cannot be aborted, so the process goes: its task has failed, the others lose nothing. Those are not only the ones that
// run: some of the batch may not have begun, and some have ended without its being recorded yet.
async function endWith(culprit: RunningTask, { stack }: Blocked): Promise<void> {
  const { id, startedAt } = culprit
  const consumer = consumers[culprit.queue]
  if (consumer) await consumer.settle([{ id, startedAt, outcome: await timedOut(culprit, consumer, stack) }])
  await Promise.all(consumers.map((each) => each.leave(true)))
  // Through the main thread, as process.stderr is in a thread, it would come too late.
  writeSync(2, `servery: ${culprit.id} ran past its timeout and blocks the process: ending it\n`)
  process.kill(process.pid, 'SIGKILL')
}

async function timedOut({ id, handler, startedAt }: RunningTask, { list }: TaskConsumer, stack: string[]) {
  const keys = taskKeys(list)
  const [value, tries] = await Promise.all([
    redis.commands.hget(keys.tasks, id),
    redis.commands.hget(keys.tries, id),
  ])
  const error = new Error(`timed out while it blocked the event loop, at ${stack[0] ?? 'an unknown place'}`)
  error.stack = stack.join('\n')
  const policy = options.handlers[handler]?.policy
  const facts = { worker: options.consumer, startedAt, endedAt: Date.now(), policy }
  return failed(decodeTask(id, Number(tries ?? 0), value ?? ''), error, facts)
}

// That work has begun, or ended, is shown at once.
function notice(): number {
  if (table.rows().length > 0 !== isShownBusy) showing.wake()
  return noticeEveryMs
}

// An idle worker has little to show.
async function show(): Promise<number> {
  const running = table.rows()
  isShownBusy = running.length > 0
  const againMs = (running.length > 0 || watching.blocked ? 1 : 8) * options.everyMs
  const { since: blockedSince, stack } = watching.blocked ?? {}
  const shownAt = Date.now()
  const state = { ...options.about, running, shownAt, ...(blockedSince && { blockedSince, stack }) }
  const key = workerKey(options.consumer)
  // Some time for a beat that is late, and no more: who is killed should not be shown for long.
  const shownForMs = againMs + Math.min(againMs, 3 * options.everyMs)
  const before = await redis.commands.set(key, JSON.stringify(state), 'PX', shownForMs, 'GET')
  // It was not known, or taken for gone.
  if (before === null) await redis.commands.sadd(workersKey, options.consumer)
  return againMs
}

// A queue that only other programs fill is listed too, and again when Redis has lost its data.
async function register(): Promise<number> {
  await redis.commands.sadd(queuesKey, ...options.queues)
  await redis.commands.sadd(workersKey, options.consumer)
  return registerEveryMs
}

// The leases stay: the main thread ends them once it holds nothing any more.
async function stop(): Promise<void> {
  await Promise.all([beating, watching, showing, noticing, registering].map((duty) => duty.stop()))
  await redis.commands.srem(workersKey, options.consumer).catch(() => undefined)
  await redis.commands.del(workerKey(options.consumer)).catch(() => undefined)
  redis.close()
  parentPort?.close()
}

function tell(message: HeartbeatMessage): void {
  parentPort?.postMessage(message)
}
