import { parentPort, workerData } from 'node:worker_threads'
import { pino } from 'pino'
import { Duty } from '../process/duty.js'
import { decodeTask } from '../queue/envelope.js'
import { taskKeys, workerKey, workersKey } from '../queue/names.js'
import { TaskConsumer } from '../queue/task-consumer.js'
import { Connections } from '../redis/connections.js'
import { mainThreadStack } from './blocked-stack.js'
import type { HeartbeatMessage, HeartbeatOptions } from './heartbeat.js'
import { failed } from '../queue/outcome.js'
import { type RunningTask, RunningTable } from './running-table.js'

// The thread behind Heartbeat: keeps the leases, shows the worker, and watches the main thread.
const options = workerData as HeartbeatOptions
const table = new RunningTable(options.table)
const redis = new Connections(options.redisUrl, { log: pino({ enabled: false }), fatal: () => undefined })
const consumers = options.queues.map((queue) => {
  // Retention matters only when a task is ended here: then its attempt has failed, and it is kept as any other.
  return new TaskConsumer(redis.commands, queue, options.consumer, options.retention)
})

/** After so long without a sign from it the main thread counts as blocked. */
const blockedAfterMs = 2000
/** What a handler gets beyond its timeout to heed its signal. */
const overdueMs = 2000
const watchEveryMs = 500
let blockedSince = 0
let stack: string[] = []

const beating = new Duty(beat, () => undefined, options.everyMs)
const watching = new Duty(watch, () => undefined, watchEveryMs)
const showing = new Duty(show, () => undefined, options.everyMs)
// A first beat without a connection would fail, and leave the worker without a lease until the next.
void redis.ready(Infinity).then(() => [beating, showing].forEach((duty) => duty.start()))
watching.start()
parentPort?.on('message', () => void stop())

async function beat(): Promise<number> {
  await Promise.all(
    consumers.map(async (consumer, queue) => {
      tell({ type: 'beat', queue, beat: await consumer.heartbeat(options.leaseMs) })
    }),
  )
  return options.everyMs
}

async function watch(): Promise<number> {
  const silentMs = Date.now() - table.lastTick
  if (silentMs < blockedAfterMs) {
    blockedSince = 0
    return watchEveryMs
  }
  if (!blockedSince) {
    blockedSince = table.lastTick
    stack = await mainThreadStack()
    tell({ type: 'warning', text: 'the event loop is blocked', fields: { silentMs, stack } })
    showing.wake()
  }
  const overdue = table.rows().find(({ deadline }) => deadline > 0 && Date.now() > deadline + overdueMs)
  if (overdue) await endWith(overdue)
  return watchEveryMs
}

// It cannot be aborted, so the process goes: its task has failed, the others lose nothing.
async function endWith(culprit: RunningTask): Promise<void> {
  for (const running of table.rows()) {
    const consumer = consumers[running.queue]
    if (!consumer) continue
    const outcome =
      running.id === culprit.id ? await timedOut(running, consumer) : ({ kind: 'return' } as const)
    await consumer.settle([{ id: running.id, outcome }])
  }
  process.stderr.write(`servery: ${culprit.id} ran past its timeout and blocks the process: ending it\n`)
  process.kill(process.pid, 'SIGKILL')
}

async function timedOut({ id, startedAt }: RunningTask, { list }: TaskConsumer) {
  const keys = taskKeys(list)
  const [value, tries] = await Promise.all([
    redis.commands.hget(keys.tasks, id),
    redis.commands.hget(keys.tries, id),
  ])
  const error = new Error(`timed out while it blocked the event loop, at ${stack[0] ?? 'an unknown place'}`)
  error.stack = stack.join('\n')
  return failed(decodeTask(id, Number(tries ?? 0), value ?? ''), error, {
    worker: options.consumer,
    startedAt,
    endedAt: Date.now(),
  })
}

async function show(): Promise<number> {
  const shownForMs = 4 * options.everyMs
  const state = { ...options.about, running: table.rows(), ...(blockedSince && { blockedSince, stack }) }
  await redis.commands
    .pipeline()
    .sadd(workersKey, options.consumer)
    .set(workerKey(options.consumer), JSON.stringify(state), 'PX', shownForMs)
    .exec()
  return 2 * options.everyMs
}

async function stop(): Promise<void> {
  await Promise.all([beating.stop(), watching.stop(), showing.stop()])
  await redis.commands.srem(workersKey, options.consumer).catch(() => undefined)
  await redis.commands.del(workerKey(options.consumer)).catch(() => undefined)
  for (const { list } of consumers) {
    await redis.commands.zrem(taskKeys(list).consumers, options.consumer).catch(() => undefined)
  }
  redis.close()
  parentPort?.close()
}

function tell(message: HeartbeatMessage): void {
  parentPort?.postMessage(message)
}
