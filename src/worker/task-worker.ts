import { setTimeout as sleep } from 'node:timers/promises'
import { Duty } from '../process/duty.js'
import type { Registry } from '../handlers/registry.js'
import type { TaskSettings } from '../handlers/task.js'
import { type Logger, type LogOptions, settledFormat } from '../process/log.js'
import type { Retention } from '../queue/task-consumer.js'
import { newSeed } from '../queue/task-id.js'
import type { Connections } from '../redis/connections.js'
import { Heartbeat } from './heartbeat.js'
import { QueueWorker } from './queue-worker.js'
import type { Run } from './run.js'
import { RunningTable } from './running-table.js'
import { Slots } from './slots.js'

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
/** Without a tick for so long, the process was frozen or blocked: less than a lease, by far. */
const awakeMs = 1000
/** What aborted handlers get to end, when stopping. */
const abortGraceMs = 2000

/** Takes tasks from queues and runs their handlers, at least once each. */
export class TaskWorker {
  readonly id: string
  readonly #options: TaskWorkerOptions
  readonly #slots: Slots
  readonly #table: RunningTable
  readonly #freeRows: number[]
  readonly #handlerIndex: Map<string, number>
  readonly #heartbeat: Heartbeat
  readonly #ticking: Duty
  readonly #queues: QueueWorker[]
  #isStopped = false

  constructor(options: TaskWorkerOptions) {
    // Two of one name would share a held list, and each take what the other has for its own.
    this.#options = { ...options, queues: [...new Set(options.queues)] }
    this.id = `${options.name}~${newSeed()}`
    this.#slots = new Slots(options.concurrency)
    this.#table = new RunningTable(options.concurrency)
    this.#freeRows = Array.from({ length: options.concurrency }, (_, row) => row)
    this.#handlerIndex = new Map([...options.handlers.keys()].map((name, index) => [name, index]))
    this.#queues = this.#options.queues.map((queue, index) => this.#createQueue(queue, index))
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

  #createQueue(queue: string, index: number): QueueWorker {
    const { rawHandlers, log } = this.#options
    const worker: QueueWorker = new QueueWorker({
      ...this.#options,
      queue,
      index,
      consumer: this.id,
      rawHandler: rawHandlers.get(queue),
      slots: this.#slots,
      log: log.child({ queue }),
      isAwake: () => Date.now() - this.#table.lastTick < awakeMs,
      onStart: (run) => this.#onStart(run),
      onEnd: (run) => this.#onEnd(run),
      onStuck: (run) => void this.#endProcess(run, worker),
    })
    return worker
  }

  #createHeartbeat(): Heartbeat {
    const { redisUrl, queues, retention, concurrency, name, handlers, log, logOptions } = this.#options
    const startedAt = Date.now()
    const about = {
      ...{ name, pid: process.pid, queues, concurrency, startedAt },
      ...{ handlers: [...handlers.keys()], limits: limitsOf(handlers) },
    }
    return new Heartbeat(
      {
        redisUrl,
        queues,
        consumer: this.id,
        leaseMs,
        everyMs: beatEveryMs,
        retention,
        handlers: [...handlers.values()].map(({ url, policy }) => ({ url, policy })),
        log: logOptions && settledFormat(logOptions),
        table: this.#table.buffer,
        about,
      },
      log,
      (queue, beat) => void this.#queues[queue]?.onBeat(beat).catch(ignore),
    )
  }

  #tick(): number {
    this.#table.tick(Date.now())
    return tickEveryMs
  }

  #onStart(run: Run): void {
    const { startedAt, timeoutMs, queue } = run
    run.row = this.#freeRows.pop() ?? 0
    this.#table.set(run.row, {
      id: run.task.id,
      queue,
      handler: this.#handlerIndex.get(run.handler.name) ?? 0,
      startedAt,
      deadline: timeoutMs ? startedAt + timeoutMs : 0,
    })
  }

  #onEnd(run?: Run): void {
    if (run) {
      this.#table.clear(run.row)
      this.#freeRows.push(run.row)
    }
    this.#slots.release()
  }

  async #idleWithin(ms: number): Promise<void> {
    const idle = Promise.all(this.#queues.map(({ runner }) => runner.idle()))
    await Promise.race([idle, sleep(ms, undefined, { ref: false })])
  }

  async #abortAll(): Promise<void> {
    const tasks = this.#queues.reduce((sum, { runner }) => sum + runner.runs.size, 0)
    if (tasks === 0) return
    this.#options.log.warn({ tasks }, 'no time left: aborting tasks and giving them back')
    for (const queue of this.#queues) queue.abortAll()
    await this.#idleWithin(abortGraceMs)
  }

  async #stopTaking(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#queues.map((queue) => queue.stopTaking()))
  }

  // The heartbeat ends first: nothing may give the consumer a new lease once it has left. What it holds is its own for a
  // few seconds more.
  async #end(): Promise<void> {
    await this.#ticking.stop()
    await this.#heartbeat.stop()
    await Promise.all(this.#queues.map((queue) => queue.end()))
  }

  // Its task has failed; the others it holds lose nothing.
  async #endProcess(run: Run, { runner }: QueueWorker): Promise<void> {
    const error = run.abortReason as Error
    runner.surrender(run, runner.failure(run, error))
    if (!this.#isStopped) {
      await this.#stopTaking()
      await this.#abortAll()
      await this.#end()
    }
    const { name, id } = run.task
    this.#options.onStuck(new Error(`${name} ${id} ${error.message} and did not heed its signal`))
  }
}

function limitsOf(handlers: Registry): Record<string, number> {
  const limited = [...handlers.values()].filter(({ concurrency }) => concurrency !== Infinity)
  return Object.fromEntries(limited.map(({ name, concurrency }) => [name, concurrency]))
}

function ignore(): void {}
