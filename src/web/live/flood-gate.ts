/** Lets so many through in each second, and no more. */
export class FloodGate {
  #second = 0
  #count = 0

  constructor(private readonly perSecond: number) {}

  admits(nowMs: number): boolean {
    const second = Math.floor(nowMs / 1000)
    if (second !== this.#second) this.#count = 0
    this.#second = second
    this.#count += 1
    return this.#count <= this.perSecond
  }
}
