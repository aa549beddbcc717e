import { Redis } from 'ioredis'
import { numberIn, textOf } from '../payload.mjs'

/** Values in one script call. */
const batchSize = 500

const scripts = {
  // Moves up to ARGV[1] of the oldest into the held list, in one step: no death can lose them.
  take: {
    numberOfKeys: 2,
    lua: `local values = redis.call('RPOP', KEYS[1], ARGV[1])
if not values then return {} end
redis.call('LPUSH', KEYS[2], unpack(values))
return values`,
  },
  // They were put there first, so each is found at the tail.
  settle: {
    numberOfKeys: 1,
    lua: `for i = 1, #ARGV do redis.call('LREM', KEYS[1], -1, ARGV[i]) end`,
  },
}

const listOf = (queue) => `floor:${queue}`
const heldBy = (queue, worker) => `floor:${queue}:held:${worker}`

/** Most processes that take from one queue here. */
const maxWorkers = 16

/**
 * How many go in, and are settled, by one command each in a pipeline: what the guarantee asks for, task by task.
 * @type {Style}
 * @typedef {object} Style
 * @property {(redis: Redis, list: string, texts: string[]) => Promise<unknown>} push
 * @property {(redis: Redis, held: string, texts: string[]) => Promise<unknown>} settle
 */
const oneByOne = {
  push(redis, list, texts) {
    const pipeline = redis.pipeline()
    for (const text of texts) pipeline.lpush(list, text)
    return pipeline.exec()
  },
  settle(redis, held, texts) {
    const pipeline = redis.pipeline()
    for (const text of texts) pipeline.lrem(held, -1, text)
    return pipeline.exec()
  },
}

/** The same by one command for many: fewer commands than any queue can do with. @type {Style} */
const batched = {
  push: (redis, list, texts) => redis.lpush(list, ...texts),
  settle: (redis, held, texts) => redis.settle(held, ...texts),
}

export const floor = createFloor(oneByOne)
export const batchedFloor = createFloor(batched)

/**
 * ioredis and the commands that "at least once" needs, without a queue's code: LPUSH; a batch moved into a held list
 * while the one before is settled; BLMOVE when there is nothing. No retries, records, priorities, leases or clocks.
 * @param {Style} style
 * @returns {import('./subject.mjs').Subject}
 */
function createFloor(style) {
  return {
    openProducer: (place) => openProducer(place, style),
    startWorker: (place) => startWorker(place, style),
  }
}

async function openProducer({ socket, queue }, style) {
  const redis = new Redis(socket, { enableAutoPipelining: true })
  const list = listOf(queue)
  const lists = [list, ...Array.from({ length: maxWorkers }, (_, worker) => heldBy(queue, worker + 1))]
  return {
    enqueue: (n) => redis.lpush(list, textOf(n)),
    enqueueMany: (ns) => style.push(redis, list, ns.map(textOf)),
    async unfinished() {
      const lengths = await Promise.all(lists.map((key) => redis.llen(key)))
      return lengths.reduce((sum, length) => sum + length)
    },
    close: () => redis.disconnect(),
  }
}

async function startWorker({ socket, queues, handle }, style) {
  const redis = new Redis(socket, { scripts })
  const worker = await redis.incr('floor:workers')
  const feeds = queues.map((queue) => new Feed({ redis, queue, held: heldBy(queue, worker), handle, style }))
  for (const feed of feeds) feed.run()
  return () => {
    for (const feed of feeds) feed.stop()
    redis.disconnect()
  }
}

class Feed {
  #isStopped = false

  constructor({ redis, queue, held, handle, style }) {
    Object.assign(this, { redis, list: listOf(queue), held, handle, style })
    this.blocked = redis.duplicate({ maxRetriesPerRequest: null })
  }

  async run() {
    try {
      while (!this.#isStopped) await this.#turn()
    } catch (error) {
      if (!this.#isStopped) throw error
    }
  }

  stop() {
    this.#isStopped = true
    this.blocked.disconnect()
  }

  async #turn() {
    const first = await this.blocked.blmove(this.list, this.held, 'RIGHT', 'LEFT', 0)
    let next = this.#take()
    await this.#handleAll([first])
    // The next batch is on its way while this one is handled and settled.
    for (let batch = await next; batch.length > 0; batch = await next) {
      next = this.#take()
      this.#handleAll(batch)
    }
  }

  #take() {
    return this.redis.take(this.list, this.held, batchSize)
  }

  #handleAll(batch) {
    for (const text of batch) this.handle(numberIn(text))
    return this.style.settle(this.redis, this.held, batch)
  }
}
