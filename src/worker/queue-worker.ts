import type { Registry } from '../handlers/registry.js'
import type { TaskSettings } from '../handlers/task.js'
import type { Logger } from '../process/log.js'
import { recoverDead } from '../queue/recover-dead.js'
import { type Heartbeat as Beat, type Retention, TaskConsumer } from '../queue/task-consumer.js'
import { BlockingReads } from '../redis/blocking-reads.js'
import type { Connections } from '../redis/connections.js'
import { AbortedError } from './aborted-error.js'
import { HeldTasks } from './held-tasks.js'
import { QueueRunner } from './queue-runner.js'
import type { Run } from './run.js'
import type { Slots } from './slots.js'
import { feedBlockMs, TaskFeed } from './task-feed.js'

export interface QueueWorkerOptions {
  redis: Connections
  /** Its name, and its index among the worker's. */
  queue: string
  index: number
  /** The worker's id. */
  consumer: string
  handlers: Registry
  /** Name of the handler for values that other programs pushed without an envelope. */
  rawHandler: string | undefined
  settings: TaskSettings
  retention: Retention
  /** Shared with the worker's other queues. */
  slots: Slots
  log: Logger
  /** Whether this process was neither frozen nor blocked just now. */
  isAwake: () => boolean
  onStart: (run: Run) => void
  onEnd: (run?: Run) => void
  /** A handler neither ended nor heeded its signal. */
  onStuck: (run: Run) => void
}

/** A feed that did nothing for so long, while tasks wait and slots are free, has broken. */
const brokenAfterMs = feedBlockMs + 6000

/** One queue of a worker: takes its tasks, runs them, and minds what its heartbeats tell. */
export class QueueWorker {
  readonly runner: QueueRunner
  readonly #options: QueueWorkerOptions
  readonly #consumer: TaskConsumer
  readonly #reads: BlockingReads
  readonly #feed: TaskFeed
  readonly #held: HeldTasks
  #isStopping = false

  constructor(options: QueueWorkerOptions) {
    const { redis, queue, consumer: id, retention, slots, log } = options
    this.#options = options
    const consumer = new TaskConsumer(redis.commands, { queue, id }, retention)
    const takeSlot = () => !this.#isStopping && slots.acquire(1) === 1
    const runner = new QueueRunner({ ...options, consumer, queue: options.index, takeSlot })
    this.#consumer = consumer
    this.runner = runner
    this.#reads = new BlockingReads(redis.waiting(), redis.commands, { blockMs: feedBlockMs, log })
    this.#feed = new TaskFeed({
      consumer,
      reads: this.#reads,
      slots,
      log,
      isAwake: options.isAwake,
      start: (taken) => runner.start(taken),
      giveBack: (task) => runner.giveBack(task),
    })
    this.#held = new HeldTasks({ consumer, runner, takeSlot, log })
  }

  /** A heartbeat came through: the worker has a lease, and only who has one may take. */
  async onBeat(beat: Beat): Promise<void> {
    if (this.#isStopping) return
    this.#feed.start()
    this.#feed.expect(beat.nextDue, beat.now)
    if (beat.hasWaiting) this.#feed.poke()
    for (const id of beat.cancelled) {
      this.runner.runs.get(id)?.abort(new AbortedError('cancelled', 'cancelled'))
    }
    const { handlers, log } = this.#options
    const policyOf = (name: string) => handlers.get(name)?.policy
    if (beat.dead > 0) await recoverDead(this.#consumer, { log, policyOf })
    await this.#held.look(beat.held)
    this.#mendBroken(beat)
  }

  /** Takes nothing more. */
  async stopTaking(): Promise<void> {
    this.#isStopping = true
    await this.#feed.stop()
  }

  /** Aborts what runs, because the worker is stopping. */
  abortAll(): void {
    for (const run of this.runner.runs.values()) {
      run.abort(new AbortedError('shutdown', 'the worker is stopping'))
    }
  }

  /** Gives back what still runs, records every outcome, and ends the lease. No heartbeat may come after it. */
  async end(): Promise<void> {
    for (const run of this.runner.runs.values()) this.runner.surrender(run, { kind: 'return' })
    this.runner.stop()
    await this.runner.settler.drained()
    await this.#consumer.leave(true).catch(() => undefined)
  }

  #mendBroken({ hasWaiting }: Beat): void {
    const { slots, log, queue } = this.#options
    const silentMs = Date.now() - this.#feed.lastTurn
    if (!hasWaiting || slots.free === 0 || silentMs < brokenAfterMs) return
    log.error({ queue, silentMs }, 'tasks wait and none are taken: connecting anew')
    this.#reads.reconnect()
  }
}
