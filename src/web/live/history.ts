/** One point of the chart: seconds since 1970 and the queue's length then; null while it was unknown. */
export type Point = [seconds: number, length: number | null]

/** The queue's length over the last minutes, a point a second; the newest value of a second counts. */
export class History {
  readonly #points: Point[] = []

  constructor(private readonly maxPoints = 300) {}

  add(atMs: number, length: number | null): void {
    const seconds = Math.floor(atMs / 1000)
    const last = this.#points.at(-1)
    if (last?.[0] === seconds) last[1] = length
    else this.#points.push([seconds, length])
    if (this.#points.length > this.maxPoints) this.#points.shift()
  }

  points(): Point[] {
    return [...this.#points]
  }
}
