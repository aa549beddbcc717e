import { join } from 'node:path'
import { expect, onTestFinished, vi } from 'vitest'
import { pino } from 'pino'
import { packageRoot } from '../../src/process/package-root.js'
import { auditQueue } from '../../src/queue/audit.js'
import { parsePublicId } from '../../src/queue/task-id.js'
import { TaskInspector } from '../../src/queue/task-inspector.js'
import { type NewTask, TaskQueue } from '../../src/queue/task-queue.js'
import type { TaskRecord, TaskState } from '../../src/queue/task-record.js'
import { Connections } from '../../src/redis/connections.js'
import { givenLedger } from './ledger.js'
import { givenProcess, type TestProcess } from './process.js'
import type { TestRedis } from './redis.js'

/** Waits until what is asserted holds. */
export async function eventually<T>(assertion: () => T | Promise<T>, timeout = 20_000): Promise<T> {
  return vi.waitFor(assertion, { timeout, interval: 20 })
}

/** A task queue on this Redis, ways to look at it, real workers for it, and the ledger of their handlers. */
export async function givenTasks(redis: TestRedis, name = 'default') {
  const connections = new Connections(redis.url, { log: pino({ enabled: false }), fatal: () => undefined })
  onTestFinished(() => connections.close())
  await connections.ready(5000)
  const queue = new TaskQueue(connections.commands, name, { maxLength: 0, maxBytes: 0, onceMs: 60_000 })
  const inspector = new TaskInspector(connections.commands, name)
  const ledger = givenLedger()

  async function enqueue(task: string, data: unknown = {}, settings: Partial<NewTask> = {}): Promise<string> {
    const enqueued = await queue.enqueue({ name: task, data: JSON.stringify(data), ...settings })
    if (enqueued.outcome === 'full') throw new Error('the queue is full')
    return enqueued.id
  }

  async function enqueueMany(
    count: number,
    task: string,
    data: unknown = {},
    settings: Partial<NewTask> = {},
  ): Promise<string[]> {
    const one = { name: task, data: JSON.stringify(data), ...settings }
    const enqueued = await queue.enqueueMany(Array.from({ length: count }, () => one))
    return enqueued.flatMap((each) => (each.outcome === 'accepted' ? each.id : []))
  }

  async function find(id: string): Promise<TaskRecord | undefined> {
    return inspector.find(ownId(id))
  }

  /** Waits until a task is in this state. */
  async function untilState(id: string, state: TaskState, timeoutMs = 20_000): Promise<TaskRecord> {
    return eventually(async () => {
      const record = await find(id)
      expect(record).toMatchObject({ state })
      return record as TaskRecord
    }, timeoutMs)
  }

  return {
    connections,
    queue,
    inspector,
    ledger,
    enqueue,
    enqueueMany,
    find,
    untilState,
    audit: () => auditQueue(connections.commands, name),
    counts: () => inspector.counts(),
    /** Waits until nothing waits, is delayed, or is held. */
    untilEmpty: (timeoutMs = 20_000) =>
      eventually(async () => {
        expect(await auditQueue(connections.commands, name)).toMatchObject({
          waiting: 0,
          delayed: 0,
          held: 0,
          difference: 0,
        })
      }, timeoutMs),
    startWorker: (env: Record<string, string> = {}): TestProcess =>
      givenProcess('workers/tasks.js', {
        REDIS_URL: redis.url,
        TASKS_DIR: join(packageRoot, 'test/fixtures/tasks'),
        DATA_DIR: ledger.folder,
        LOG_FORMAT: 'json',
        QUEUES: name,
        ...env,
      }),
  }
}

export type Tasks = Awaited<ReturnType<typeof givenTasks>>

/** Starts workers and waits until each takes tasks. */
export async function givenWorkers(
  tasks: Tasks,
  count: number,
  env: Record<string, string> = {},
): Promise<TestProcess[]> {
  const workers = Array.from({ length: count }, () => tasks.startWorker(env))
  await Promise.all(workers.map((worker) => worker.line(/waiting for tasks/)))
  return workers
}

/** Waits until so many workers are idle: blocked on the queue. */
export async function untilIdle({ connections }: Tasks, count: number): Promise<void> {
  await eventually(async () => {
    const clients = String(await connections.commands.client('LIST'))
    expect(clients.match(/cmd=blmove/g)).toHaveLength(count)
  })
}

/** A task's own id, without its queue's name. */
export function ownId(id: string): string {
  return parsePublicId(id)?.id ?? ''
}

/** The value that `part` of all lie below. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN
}
