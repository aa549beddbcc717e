/** How much goes in one round trip. */
export interface BatchLimits {
  items: number
  /** Characters of all items; one item may be longer. */
  characters: number
}

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
   * @param lengthOf characters of an item
   */
  constructor(
    private readonly send: (items: Item[]) => Promise<Answer[]>,
    private readonly lengthOf: (item: Item) => number,
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
    for (let first = 0; first < calls.length;) {
      const end = this.#endOfBatch(calls, first)
      void this.#sendBatch(calls.slice(first, end))
      first = end
    }
  }

  #endOfBatch(calls: Call<Item, Answer>[], first: number): number {
    const { items, characters } = this.limits
    const last = Math.min(calls.length, first + items)
    let length = 0
    for (let end = first; end < last; end += 1) {
      length += this.lengthOf((calls[end] as Call<Item, Answer>).item)
      if (length > characters && end > first) return end
    }
    return last
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
