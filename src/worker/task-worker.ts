import { setTimeout as sleep } from 'node:timers/promises'
import { Duty } from '../process/duty.js'
import type { Handler, Registry } from '../handlers/registry.js'
import type { TaskSettings } from '../handlers/task.js'
import { type Logger, type LogOptions, settledFormat } from '../process/log.js'
import { type Heartbeat as Beat, type Retention, TaskConsumer } from '../queue/task-consumer.js'
import { failed } from '../queue/outcome.js'
import { recoverDead } from '../queue/recover-dead.js'
import { newSeed } from '../queue/task-id.js'
import { BlockingReads } from '../redis/blocking-reads.js'
import type { Connections } from '../redis/connections.js'
import { AbortedError } from './aborted-error.js'
import { Heartbeat } from './heartbeat.js'
import { HeldTasks } from './held-tasks.js'
import { QueueRunner, timeoutOf } from './queue-runner.js'
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
  /** Queue → name of the handler for values that other programs pushed without an envelope. */
  rawHandlers: ReadonlyMap<string, string>
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
  /** With which the heartbeat thread makes a log of its own, for what it finds while the main thread is blocked. */
  logOptions?: LogOptions
  /** A handler ran past its timeout and did not heed its signal: the process has to end. */
  onStuck: (error: Error) => void
}

/** A consumer is dead when it was not heard of for so long. */
const leaseMs = 5000
const beatEveryMs = 1500
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
  held: HeldTasks
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
    await this.#stopTaking()
    await this.#idleWithin(this.#options.graceMs)
    await this.#abortAll()
    await this.#end()
  }

  #assemble(queue: string, index: number): QueueParts {
    const { redis, handlers, rawHandlers, settings, retention, log: parentLog } = this.#options
    const log = parentLog.child({ queue })
    const consumer = new TaskConsumer(redis.commands, { queue, id: this.id }, retention)
    const runner = new QueueRunner({
      consumer,
      queue: index,
      handlers,
      rawHandler: rawHandlers.get(queue),
      settings,
      log,
      onStart: (run, handler) => this.#onStart(run, handler),
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
    const takeSlot = () => !this.#isStopped && this.#slots.acquire(1) === 1
    return { consumer, runner, feed, reads, held: new HeldTasks({ consumer, runner, takeSlot, log }) }
  }

  #createHeartbeat(): Heartbeat {
    const { redisUrl, queues, retention, concurrency, name, handlers, log, logOptions } = this.#options
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
        handlerUrls: [...handlers.values()].map(({ url }) => url),
        log: logOptions && settledFormat(logOptions),
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

  #onStart({ task, queue, startedAt }: Omit<Run, 'row'>, handler: Handler): number {
    const row = this.#freeRows.pop() ?? 0
    const timeoutMs = timeoutOf(handler, task)
    this.#table.set(row, {
      id: task.id,
      queue,
      handler: [...this.#options.handlers.values()].indexOf(handler),
      startedAt,
      deadline: timeoutMs ? startedAt + timeoutMs : 0,
    })
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
    const { consumer, runner, feed, held } = parts
    // Only who has a lease may take.
    feed.start()
    feed.expect(beat.nextDue, beat.now)
    if (beat.hasWaiting) feed.poke()
    for (const id of beat.cancelled) {
      const run = runner.runs.get(id)
      if (run) runner.abort(run, new AbortedError('cancelled', 'cancelled'))
    }
    if (beat.dead > 0) await recoverDead(consumer, this.#options.log)
    await held.look(beat.held)
    this.#mendBroken(parts, beat)
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

  async #abortAll(): Promise<void> {
    const runs = this.#parts.flatMap(({ runner }) =>
      [...runner.runs.values()].map((run) => ({ runner, run })),
    )
    if (runs.length === 0) return
    this.#options.log.warn({ tasks: runs.length }, 'no time left: aborting tasks and giving them back')
    for (const { runner, run } of runs) {
      runner.abort(run, new AbortedError('shutdown', 'the worker is stopping'))
    }
    await this.#idleWithin(abortGraceMs)
  }

  async #stopTaking(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#parts.map(({ feed }) => feed.stop()))
  }

  // The heartbeat ends first: nothing may give the consumer a new lease once it has left. What it holds is its own for a
  // few seconds more.
  async #end(): Promise<void> {
    await this.#ticking.stop()
    await this.#heartbeat.stop()
    for (const { runner, consumer } of this.#parts) {
      for (const run of runner.runs.values()) runner.surrender(run, { kind: 'return' })
      runner.stop()
      await runner.settler.drained()
      await consumer.leave(true).catch(ignore)
    }
  }

  // Its task has failed; the others it holds lose nothing.
  async #endProcess(run: Run, runner: QueueRunner): Promise<void> {
    const { task, startedAt, controller } = run
    const error = controller.signal.reason as Error
    runner.surrender(run, failed(task, error, { worker: this.id, startedAt, endedAt: Date.now() }))
    if (!this.#isStopped) {
      await this.#stopTaking()
      await this.#abortAll()
      await this.#end()
    }
    this.#options.onStuck(new Error(`${task.name} ${task.id} ${error.message} and did not heed its signal`))
  }
}

function ignore(): void {}
