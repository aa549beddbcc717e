import type { ServerResponse } from 'node:http'
import { literalPattern } from '../../channel/names.js'
import type { Publisher } from '../../channel/publisher.js'
import type { Subscriber } from '../../channel/subscriber.js'
import { parseActivity } from '../../queue/activity.js'
import type { Logger } from '../../process/log.js'
import { activityChannel, changesChannel } from '../../queue/names.js'
import type { WorkerInfo } from '../../queue/workers.js'
import type { PlainQueue } from '../../queue/plain-queue.js'
import { activityItem, Feed, type FeedItem, messageItem } from './feed.js'
import { FloodGate } from './flood-gate.js'
import type { QueueSummary } from '../task-board.js'
import { History, type Point } from './history.js'
import { formatEvent, Hub } from './hub.js'
import { type QueueRow, QueueWatch } from './queue-watch.js'
import { type Sample, Sampler } from './sampler.js'
import { parseChanges } from './task-events.js'
import type { TrafficPoint } from './traffic-history.js'
import { shownWorkers, toWorkerRow, type WorkerRow } from './worker-row.js'
import { WorkerWatch } from './worker-watch.js'

export interface LiveOptions {
  queue: PlainQueue
  publisher: Publisher
  subscriber: Subscriber
  /** Task queues with their lengths and rates, so many at most. */
  queues: (atMost: number) => Promise<QueueSummary[]>
  /** The tasks workers that live. */
  workers: () => Promise<WorkerInfo[]>
  log: Logger
  /** Why Redis lets nobody in, if that is why it is of no use. */
  redisRefusal: () => string | undefined
}

/** Everything that a page shows when it opens. */
export interface LiveState {
  sample: Sample
  feed: FeedItem[]
  history: Point[]
  queues: QueueRow[]
  workers: WorkerRow[]
  /** The last minutes of one task queue, or of all together. */
  traffic: TrafficPoint[]
}

/** A page that opens, or comes back. */
export interface Joining {
  /** The only task queue whose history it wants. */
  queue?: string | undefined
  /** The last event that it got. */
  lastEventId?: string | undefined
}

/** A page that has heard nothing for this long takes its numbers for stale. */
export const quietAtMostMs = 5000
/** So many in that time, for a look at a Redis that hangs takes two seconds. */
const signsOfLife = 3
/** Feed items of a kind shown a second; the rest of a flood is left out of the feed, never of the lane. */
const shownPerSecond = 20
/** Tasks that pages are told of a second; the rest of a flood is seen in the numbers of its queue. */
const tasksPerSecond = 200
const maxShownLength = 200

/** What one web process knows about the running system, and tells all its open pages. */
export class Live {
  readonly #options: LiveOptions
  readonly #hub = new Hub()
  readonly #feed = new Feed()
  readonly #history = new History()
  readonly #sampler: Sampler
  readonly #workers: WorkerWatch
  readonly #queues: QueueWatch
  #latestWorkers: WorkerRow[] = []
  #told: Sample | undefined
  readonly #messages = new FloodGate(shownPerSecond)
  readonly #activities = new FloodGate(shownPerSecond)
  readonly #tasks = new FloodGate(tasksPerSecond)

  constructor(options: LiveOptions) {
    this.#options = options
    const isWatched = () => this.#hub.size > 0
    this.#sampler = new Sampler({ ...options, isWatched, onSample: (sample) => this.#onSample(sample) })
    this.#workers = new WorkerWatch({
      ...options,
      isWatched,
      onEvent: (event) => this.#hub.broadcast('worker', event),
      onLook: (workers) => this.#onWorkers(workers),
    })
    this.#queues = new QueueWatch({
      ...options,
      isWatched,
      onChange: (event) => this.#hub.broadcast('queues', event),
    })
  }

  /** Begins to look and to listen. Does not wait for Redis. */
  start(): void {
    const { queue, publisher, subscriber, log } = this.#options
    this.#sampler.start()
    this.#workers.start()
    this.#queues.start()
    // By pattern, so that a page that looks on is not counted among a message's receivers.
    const patterns = [publisher.channel, activityChannel(queue.key)].map(literalPattern)
    Promise.all([
      subscriber.subscribePatterns(patterns, (channel, text) => this.#onMessage(channel, text)),
      subscriber.subscribe([changesChannel], (_channel, text) => this.#onChanges(text)),
    ]).catch((error: Error) => log.warn({ reason: error.message }, 'the page cannot listen to the lanes'))
  }

  async stop(): Promise<void> {
    this.#hub.close()
    await Promise.all([this.#sampler.stop(), this.#workers.stop(), this.#queues.stop()])
    await this.#options.subscriber.stop()
  }

  /** Ends all event streams, which would otherwise keep the server from closing. */
  closeStreams(): void {
    this.#hub.close()
  }

  /** The state now, with a fresh look into Redis; of what it does not tell, what was known last. */
  async look(): Promise<LiveState> {
    const [sample] = await Promise.all([this.#sampler.look(), this.#lookAtTasks()])
    return this.#state(sample)
  }

  /**
   * Sends a client the whole state, or what it missed since it was here, then every change. Its response headers must
   * have been sent.
   */
  async join(client: ServerResponse, { queue, lastEventId }: Joining): Promise<void> {
    const missed = this.#hub.since(lastEventId)
    if (this.#hub.size === 0) await this.#lookAtTasks()
    const first = missed ?? this.#snapshot(queue)
    client.write(`retry: 1000\n${first}`)
    this.#hub.add(client)
    this.#sampler.wake()
    this.#queues.wake()
  }

  #snapshot(queue: string | undefined): string {
    return this.#hub.position + formatEvent('snapshot', this.#state(this.#sampler.latest, queue))
  }

  // What goes wrong here the sampler finds too, and says.
  async #lookAtTasks(): Promise<void> {
    const [workers] = await Promise.allSettled([this.#options.workers(), this.#queues.look()])
    if (workers.status === 'fulfilled') {
      this.#latestWorkers = workers.value.slice(0, shownWorkers).map((info) => toWorkerRow(info))
    }
  }

  #state(sample: Sample, queue?: string): LiveState {
    return {
      sample,
      feed: this.#feed.items(),
      history: this.#history.points(),
      queues: this.#queues.latest,
      workers: this.#latestWorkers,
      traffic: this.#queues.history(queue),
    }
  }

  #onWorkers(workers: WorkerRow[]): void {
    const isQuiet = workers.length === 0 && this.#latestWorkers.length === 0
    this.#latestWorkers = workers
    if (!isQuiet) this.#hub.broadcast('workers', workers)
  }

  #onSample(sample: Sample): void {
    this.#history.add(sample.at, sample.length)
    const isNews =
      !this.#told || differs(sample, this.#told) || sample.at - this.#told.at >= quietAtMostMs / signsOfLife
    if (!isNews) return
    this.#told = sample
    this.#hub.broadcast('queue', { name: this.#options.queue.key, ...sample })
  }

  #onMessage(channel: string, text: string): void {
    const at = Date.now()
    if (channel === this.#options.publisher.channel) {
      const message = text.length > maxShownLength ? `${text.slice(0, maxShownLength)}…` : text
      if (this.#messages.admits(at)) this.#tell(messageItem({ channel, message, at }))
      return
    }
    const activity = parseActivity(text)
    if (activity && this.#activities.admits(at)) this.#tell(activityItem(activity))
  }

  #onChanges(text: string): void {
    if (this.#hub.size === 0) return
    for (const event of parseChanges(text)) {
      if (this.#tasks.admits(Date.now())) this.#hub.broadcast('task', event)
    }
  }

  #tell(item: FeedItem): void {
    this.#feed.add(item)
    this.#hub.broadcast(item.kind, item)
  }
}

function differs(a: Sample, b: Sample): boolean {
  return a.length !== b.length || a.subscribers !== b.subscribers || a.problem !== b.problem
}
