import { type BatchLimits, batchesOf } from './batches.js'

interface Call<Item, Answer> {
  item: Item
  resolve: (answer: Answer) => void
  reject: (error: unknown) => void
}

/**
 * Lets the calls of one turn of the event loop share a round trip: a hundred requests that arrive together cost one write
 * to Redis, and each gets its own answer. When nothing is under way the first does not wait for the end of the turn.
 */
export class TurnBatches<Item, Answer> {
  #calls: Call<Item, Answer>[] = []
  #underWay = 0

  /**
   * @param send answers each item, in order; what it throws every call of the batch gets
   * @param sizeOf of an item, as the limits count it
   */
  constructor(
    private readonly send: (items: Item[]) => Promise<Answer[]>,
    private readonly sizeOf: (item: Item) => number,
    private readonly limits: BatchLimits,
  ) {}

  /** Sends an item off before the turn ends; items go in the order of the calls. */
  call(item: Item): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#calls.push({ item, resolve, reject }) > 1) return
      const flush = () => this.#flush()
      if (this.#underWay === 0) process.nextTick(flush)
      else setImmediate(flush)
    })
  }

  #flush(): void {
    const calls = this.#calls
    this.#calls = []
    const batches = batchesOf(calls, ({ item }) => this.sizeOf(item), this.limits)
    for (const batch of batches) void this.#sendBatch(batch)
  }

  async #sendBatch(calls: Call<Item, Answer>[]): Promise<void> {
    this.#underWay += 1
    try {
      const answers = await this.send(calls.map(({ item }) => item))
      calls.forEach(({ resolve }, index) => resolve(answers[index] as Answer))
    } catch (error) {
      for (const { reject } of calls) reject(error)
    } finally {
      this.#underWay -= 1
    }
  }
}
