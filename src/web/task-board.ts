import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Audit, auditQueue } from '../queue/audit.js'
import { explainOther, explainWaiting, type Explanation } from '../queue/explain.js'
import { dayTraffic, sumTraffic, type TrafficSlot } from '../queue/day-traffic.js'
import { type DeadReason, deadReasons } from '../queue/dead-reasons.js'
import { forsakenQueues } from '../queue/forsaken-queues.js'
import { TaskConsumer, type Retention } from '../queue/task-consumer.js'
import { lookAtQueue, type QueueCounts, queueCounts } from '../queue/queue-counts.js'
import { TaskInspector } from '../queue/task-inspector.js'
import { TaskQueue, type TaskQueueOptions } from '../queue/task-queue.js'
import { taskList } from '../queue/names.js'
import { queueNames } from '../queue/queue-names.js'
import { liveWorkers, type WorkerInfo } from '../queue/workers.js'
import type { TaskRecord } from '../queue/task-record.js'
import { findWeaknesses } from '../redis/weaknesses.js'
import { RateMeter, type Rates } from './rate-meter.js'
import type { RedisClient } from '../redis/client.js'

export interface TaskBoardOptions extends TaskQueueOptions, Retention {}

/** A queue as people and programs see it. */
export interface QueueSummary extends QueueCounts {
  rates: Rates
  /** When the task that waits longest was enqueued, ms since 1970 by Redis' clock; undefined if none waits. */
  oldestWaitingAt?: number
}

/** What the id of a consumer begins with that holds one task for an HTTP client. */
const httpConsumer = 'http~'

/** Every task queue, as the web process uses it: made when first named. */
export class TaskBoard {
  readonly #rates = new RateMeter()
  readonly #queues = new Map<string, TaskQueue>()

  constructor(
    private readonly redis: RedisClient,
    private readonly options: TaskBoardOptions,
  ) {}

  queue(name: string): TaskQueue {
    const known = this.#queues.get(name)
    if (known) return known
    const queue = new TaskQueue(this.redis, name, this.options)
    // Names come from clients: what is kept for them is bounded.
    if (this.#queues.size < maxKnown) this.#queues.set(name, queue)
    return queue
  }

  inspect(name: string): TaskInspector {
    return new TaskInspector(this.redis, name)
  }

  /** A consumer that holds one task for whoever knows the secret; its id, which anyone may see, does not tell it. */
  lease(queue: string, secret: string): TaskConsumer {
    const id = httpConsumer + createHash('sha256').update(secret).digest('base64url').slice(0, 22)
    return new TaskConsumer(this.redis, { queue, id }, this.options)
  }

  /** The tasks workers that live. */
  workers(): Promise<WorkerInfo[]> {
    return liveWorkers(this.redis)
  }

  /** Lengths and counters of every queue. */
  async counts(): Promise<QueueCounts[]> {
    const names = await this.names()
    return Promise.all(names.map((name) => queueCounts(this.redis, name)))
  }

  /** Lengths, counters and rates of queues; of a queue nobody looked at lately, the rates of the next moment. */
  async summaries(names: string[]): Promise<QueueSummary[]> {
    const first = await this.#look(names)
    if (first.every(({ rates }) => rates)) return first.map(toSummary)
    await sleep(quickLookMs)
    return (await this.#look(names, 0)).map(toSummary)
  }

  /** The same of all queues in the order of their names, so many at most. */
  async allSummaries(atMost: number): Promise<QueueSummary[]> {
    return this.summaries((await this.names()).slice(0, atMost))
  }

  async #look(names: string[], atLeastMs?: number) {
    return Promise.all(
      names.map(async (name) => {
        const { counts, oldestWaitingAt } = await lookAtQueue(this.redis, name)
        return { counts, oldestWaitingAt, rates: this.#rates.note(counts, atLeastMs) }
      }),
    )
  }

  /** Of what the newest dead tasks of a queue died. One round trip per 100. */
  deadReasons(name: string, count: number): Promise<DeadReason[]> {
    return deadReasons(this.redis, taskList(name), count)
  }

  /** What passed through queues in the last day, all together. One round trip a queue: name few. */
  async dayTraffic(names: string[]): Promise<TrafficSlot[]> {
    return sumTraffic(await Promise.all(names.map((name) => dayTraffic(this.redis, name))))
  }

  /** The conservation check of every queue. */
  async audit(): Promise<Audit[]> {
    const names = await this.names()
    return Promise.all(names.map((name) => auditQueue(this.redis, name)))
  }

  /** The settings of Redis that weaken the guarantees, in plain words. */
  weaknesses(): Promise<string[]> {
    return findWeaknesses(this.redis)
  }

  /** Tasks that a queue settles a second. */
  async drainRate(name: string): Promise<number> {
    const [summary] = await this.summaries([name])
    const { done = 0, failed = 0, removed = 0 } = summary?.rates ?? {}
    return done + failed + removed
  }

  /** Why a task is where it is; undefined if there is none. */
  async explain(
    name: string,
    id: string,
  ): Promise<{ record: TaskRecord; explanation: Explanation } | undefined> {
    const inspector = this.inspect(name)
    const record = await inspector.find(id)
    if (!record) return undefined
    const isWaiting = record.state === 'waiting'
    const [counts, workers, drainRate] = await Promise.all([
      inspector.counts(),
      this.workers(),
      isWaiting ? this.drainRate(name) : 0,
    ])
    const facts = { record, counts, workers, drainRate, nowMs: Date.now() }
    const explain = isWaiting ? explainWaiting : explainOther
    return { record, explanation: await explain(this.redis, inspector.list, facts) }
  }

  /** The names of queues with a consumer whose lease has ended. */
  forsaken(): Promise<string[]> {
    return forsakenQueues(this.redis)
  }

  /** The names of all queues that were ever used. One round trip. */
  names(): Promise<string[]> {
    return queueNames(this.redis)
  }
}

const maxKnown = 10_000
const quickLookMs = 200
const noRates: Rates = { accepted: 0, done: 0, failed: 0, removed: 0 }

interface Look {
  counts: QueueCounts
  oldestWaitingAt: number | undefined
  rates: Rates | undefined
}

function toSummary({ counts, oldestWaitingAt, rates = noRates }: Look): QueueSummary {
  return { ...counts, rates, ...(oldestWaitingAt !== undefined && { oldestWaitingAt }) }
}
