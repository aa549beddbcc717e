import { Worker } from 'node:worker_threads'
import type { Logger, LogOptions } from '../process/log.js'
import type { RetryPolicy } from '../queue/retry-policy.js'
import type { Heartbeat as Beat, Retention } from '../queue/task-consumer.js'

/** What the thread is started with. */
export interface HeartbeatOptions {
  redisUrl: string
  queues: string[]
  consumer: string
  leaseMs: number
  everyMs: number
  retention: Retention
  /** Of each handler, as the running table counts them: its file's URL, if it has one, and its retry policy. */
  handlers: { url: string | undefined; policy: RetryPolicy }[]
  /** For what must be said while the main thread is blocked; without it, it is said afterwards. */
  log: LogOptions | undefined
  /** The buffer of the worker's {@link RunningTable}. */
  table: SharedArrayBuffer
  /** What is shown of this worker. */
  about: Record<string, unknown>
}

/** What the thread tells the main thread. */
export type HeartbeatMessage =
  | { type: 'beat'; queue: number; beat: Beat }
  | { type: 'warning'; text: string; fields: Record<string, unknown> }

/**
 * The heartbeat of a worker, in a thread of its own: a handler that blocks the event loop for a minute must not be taken
 * for dead, and its tasks not be run a second time elsewhere.
 */
export class Heartbeat {
  #thread: Worker | undefined

  constructor(
    private readonly options: HeartbeatOptions,
    private readonly log: Logger,
    private readonly onBeat: (queue: number, beat: Beat) => void,
  ) {}

  start(): void {
    this.#thread = new Worker(new URL('./heartbeat-thread.js', import.meta.url), { workerData: this.options })
    this.#thread.on('message', (message: HeartbeatMessage) => {
      if (message.type === 'beat') this.onBeat(message.queue, message.beat)
      else this.log.warn(message.fields, message.text)
    })
  }

  /** Ends the heartbeat; the leases end by themselves, or when the consumer leaves. */
  async stop(): Promise<void> {
    const thread = this.#thread
    if (!thread) return
    this.#thread = undefined
    const exited = new Promise((resolve) => thread.once('exit', resolve))
    thread.postMessage('stop')
    await exited
  }
}
