import type { Redis } from 'ioredis'
import { TaskConsumer, type Retention } from '../queue/task-consumer.js'
import { TaskInspector } from '../queue/task-inspector.js'
import { TaskQueue, type TaskQueueOptions } from '../queue/task-queue.js'
import { queuesKey } from '../queue/names.js'
import { newSeed } from '../queue/task-id.js'
import { redisFailure } from '../redis/errors.js'

export interface TaskBoardOptions extends TaskQueueOptions, Retention {}

/** Every task queue, as the web process uses it: made when first named. */
export class TaskBoard {
  readonly #queues = new Map<string, TaskQueue>()

  constructor(
    private readonly redis: Redis,
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

  /** A consumer that holds one task for an HTTP client; its id is the secret half of the lease. */
  lease(queue: string, id = `http~${newSeed()}${newSeed().slice(0, 8)}`): TaskConsumer {
    return new TaskConsumer(this.redis, queue, id, this.options)
  }

  /** The names of all queues that were ever used. One round trip. */
  async names(): Promise<string[]> {
    return (await this.redis.smembers(queuesKey).catch(redisFailure(queuesKey))).sort()
  }
}

const maxKnown = 10_000
