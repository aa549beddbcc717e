import { setTimeout as sleep } from 'node:timers/promises'
import { Duty } from '../process/duty.js'
import type { Registry } from '../handlers/registry.js'
import type { TaskSettings } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { type Heartbeat as Beat, type Retention, TaskConsumer } from '../queue/task-consumer.js'
import { newSeed } from '../queue/task-id.js'
import { BlockingReads } from '../redis/blocking-reads.js'
import type { Connections } from '../redis/connections.js'
import { AbortedError } from './aborted-error.js'
import { Heartbeat } from './heartbeat.js'
import { recoverDead, UnseenTasks } from './held-tasks.js'
import { failed } from '../queue/outcome.js'
import { QueueRunner } from './queue-runner.js'
import type { Run } from './run-task.js'
import { RunningTable } from './running-table.js'
import { Slots } from './slots.js'
import { feedBlockMs, TaskFeed } from './task-feed.js'

export interface TaskWorkerOptions {
  redis: Connections
  /** For the heartbeat thread, which has a connection of its own. */
  redisUrl: string
  queues: string[]
  handlers: Registry
  /** Handed to every handler. */
  settings: TaskSettings
  /** Tasks at a time. */
  concurrency: number
  /** Shown to people; the consumer's id is made of it. */
  name: string
  retention: Retention
  /** Time for running handlers when stopping. */
  graceMs: number
  log: Logger
  /** A handler ran past its timeout and did not heed its signal: the process has to end. */
  onStuck: (error: Error) => void
}

/** A consumer is dead when it was not heard of for so long. */
const leaseMs = 5000
const beatEveryMs = 2000
const tickEveryMs = 250
/** What aborted handlers get to end, when stopping. */
const abortGraceMs = 2000
/** A feed that did nothing for so long, while tasks wait and slots are free, has broken. */
const brokenAfterMs = 15_000

interface QueueParts {
  consumer: TaskConsumer
  runner: QueueRunner
  feed: TaskFeed
  reads: BlockingReads
  unseen: UnseenTasks
}

/** Takes tasks from queues and runs their handlers, at least once each. */
export class TaskWorker {
  readonly id: string
  readonly #options: TaskWorkerOptions
  readonly #slots: Slots
  readonly #table: RunningTable
  readonly #freeRows: number[]
  readonly #heartbeat: Heartbeat
  readonly #ticking: Duty
  readonly #parts: QueueParts[]
  #isStopped = false

  constructor(options: TaskWorkerOptions) {
    this.#options = options
    this.id = `${options.name}~${newSeed().slice(0, 12)}`
    this.#slots = new Slots(options.concurrency)
    this.#table = new RunningTable(options.concurrency)
    this.#freeRows = Array.from({ length: options.concurrency }, (_, row) => row)
    this.#parts = options.queues.map((queue, index) => this.#assemble(queue, index))
    this.#heartbeat = this.#createHeartbeat()
    this.#ticking = new Duty(() => this.#tick(), ignore)
  }

  /** Begins to take tasks; waits for Redis if need be. */
  start(): void {
    this.#tick()
    this.#ticking.start()
    this.#heartbeat.start()
  }

  /**
   * Takes nothing more, gives running handlers `graceMs`, then aborts them and gives their tasks back with the attempt
   * not counted. Safe to call twice.
   */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await Promise.all(this.#parts.map(({ feed }) => feed.stop()))
    await this.#idleWithin(this.#options.graceMs)
    this.#abortAll()
    await this.#idleWithin(abortGraceMs)
    await this.#giveBackRest()
    await this.#ticking.stop()
    await this.#heartbeat.stop()
  }

  #assemble(queue: string, index: number): QueueParts {
    const { redis, handlers, settings, retention, log: parentLog } = this.#options
    const log = parentLog.child({ queue })
    const consumer = new TaskConsumer(redis.commands, queue, this.id, retention)
    const runner = new QueueRunner({
      consumer,
      queue: index,
      handlers,
      settings,
      log,
      onStart: (run, timeoutMs) => this.#onStart(run, timeoutMs),
      onEnd: (row) => this.#onEnd(row),
      onStuck: (run) => void this.#endProcess(run, runner),
    })
    const reads = new BlockingReads(redis.waiting(), redis.commands, { blockMs: feedBlockMs, log })
    const feed = new TaskFeed({
      consumer,
      reads,
      slots: this.#slots,
      log,
      start: (task, confirmed) => runner.start(task, confirmed),
      giveBack: (task) => runner.giveBack(task),
    })
    const unseen = new UnseenTasks(consumer, runner, () => !this.#isStopped && this.#slots.acquire(1) === 1)
    return { consumer, runner, feed, reads, unseen }
  }

  #createHeartbeat(): Heartbeat {
    const { redisUrl, queues, retention, concurrency, name, handlers, log } = this.#options
    const about = {
      name,
      pid: process.pid,
      queues,
      handlers: [...handlers.keys()],
      concurrency,
      startedAt: Date.now(),
    }
    return new Heartbeat(
      {
        redisUrl,
        queues,
        consumer: this.id,
        leaseMs,
        everyMs: beatEveryMs,
        retention,
        table: this.#table.buffer,
        about,
      },
      log,
      (queue, beat) => void this.#onBeat(queue, beat).catch(ignore),
    )
  }

  #tick(): number {
    this.#table.tick(Date.now())
    return tickEveryMs
  }

  #onStart({ task, queue, startedAt }: Omit<Run, 'row'>, timeoutMs: number | undefined): number {
    const row = this.#freeRows.pop() ?? 0
    this.#table.set(row, { id: task.id, queue, startedAt, deadline: timeoutMs ? startedAt + timeoutMs : 0 })
    return row
  }

  #onEnd(row: number | undefined): void {
    if (row !== undefined) {
      this.#table.clear(row)
      this.#freeRows.push(row)
    }
    this.#slots.release()
  }

  async #onBeat(queue: number, beat: Beat): Promise<void> {
    const parts = this.#parts[queue]
    if (!parts || this.#isStopped) return
    const { consumer, runner, feed, unseen } = parts
    const { log } = this.#options
    // Only who has a lease may take.
    feed.start()
    feed.expect(beat.nextDue, beat.now)
    if (beat.held === undefined) this.#onLeaseBegins(parts)
    for (const id of beat.cancelled) {
      const run = runner.runs.get(id)
      if (run) runner.abort(run, new AbortedError('cancelled', 'cancelled'))
    }
    if (beat.dead > 0) await recoverDead(consumer, log)
    await unseen.look()
    this.#mendBroken(parts, beat)
  }

  // Also with the very first beat: then there is nothing to revoke.
  #onLeaseBegins({ runner, consumer }: QueueParts): void {
    if (runner.runs.size === 0) return
    this.#options.log.error(
      { queue: consumer.queue, tasks: runner.runs.size },
      'the lease was lost: tasks were given away',
    )
    runner.revokeAll()
  }

  #mendBroken({ feed, reads, consumer }: QueueParts, { hasWaiting }: Beat): void {
    const silentMs = Date.now() - feed.lastTurn
    if (!hasWaiting || this.#freeRows.length === 0 || silentMs < brokenAfterMs) return
    this.#options.log.error(
      { queue: consumer.queue, silentMs },
      'tasks wait and none are taken: connecting anew',
    )
    reads.reconnect()
  }

  async #idleWithin(ms: number): Promise<void> {
    const idle = Promise.all(this.#parts.map(({ runner }) => runner.idle()))
    await Promise.race([idle, sleep(ms, undefined, { ref: false })])
  }

  #abortAll(): void {
    for (const { runner } of this.#parts) {
      if (runner.runs.size === 0) continue
      this.#options.log.warn({ tasks: runner.runs.size }, 'grace period is over: aborting and giving back')
      for (const run of runner.runs.values()) {
        runner.abort(run, new AbortedError('shutdown', 'the worker is stopping'))
      }
    }
  }

  async #giveBackRest(): Promise<void> {
    for (const { runner } of this.#parts) {
      for (const run of runner.runs.values()) runner.surrender(run, { kind: 'return' })
      runner.stop()
      await runner.settler.drained()
    }
  }

  // Its task has failed; the others it holds lose nothing.
  async #endProcess({ task, startedAt, controller }: Run, runner: QueueRunner): Promise<void> {
    const run = runner.runs.get(task.id)
    const error = controller.signal.reason as Error
    if (run) runner.surrender(run, failed(task, error, { worker: this.id, startedAt, endedAt: Date.now() }))
    await Promise.all(this.#parts.map(({ feed }) => feed.stop()))
    await this.#giveBackRest()
    this.#options.onStuck(new Error(`${task.name} ${task.id} ${error.message} and did not heed its signal`))
  }
}

function ignore(): void {}
