/** One point of the charts: seconds since 1970, tasks that waited then, done and failed per second. */
export type TrafficPoint = [seconds: number, waiting: number, done: number, failed: number]

const windowSeconds = 300
const maxSeries = 101

/** How queues did in the last minutes, a point a second; bounded in series too. */
export class TrafficHistory {
  readonly #series = new Map<string, TrafficPoint[]>()

  add(name: string, point: TrafficPoint): void {
    const points = this.#series.get(name) ?? []
    if (points.length === 0 && this.#series.size >= maxSeries) return
    if (points.at(-1)?.[0] === point[0]) points.pop()
    points.push(point)
    const first = points.findIndex(([seconds]) => seconds > point[0] - windowSeconds)
    if (first > 0) points.splice(0, first)
    this.#series.set(name, points)
  }

  points(name: string): TrafficPoint[] {
    return [...(this.#series.get(name) ?? [])]
  }
}
