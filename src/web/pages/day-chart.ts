import type { TrafficSlot } from '../../queue/day-traffic.js'

/** The last day as a page shows it: columns for the charts, and hours for who cannot see them. */
export interface DayChart {
  /** JSON columns: seconds since 1970, waiting, done, failed. */
  columns: string
  hours: { at: string; accepted: number; done: number; failed: number }[]
}

const hourMs = 3_600_000

/** The last day's traffic for the charts of a page. */
export function dayChart(slots: TrafficSlot[]): DayChart {
  const columns = [
    slots.map(({ at }) => at / 1000),
    slots.map(({ waiting }) => waiting ?? null),
    slots.map(({ done }) => done),
    slots.map(({ failed }) => failed),
  ]
  return { columns: JSON.stringify(columns), hours: byHour(slots) }
}

function byHour(slots: TrafficSlot[]): DayChart['hours'] {
  const hours = new Map<number, DayChart['hours'][number]>()
  for (const { at, accepted, done, failed } of slots) {
    const hour = Math.floor(at / hourMs)
    const label = `${new Date(hour * hourMs).toISOString().slice(11, 13)}:00`
    const sum = hours.get(hour) ?? { at: label, accepted: 0, done: 0, failed: 0 }
    sum.accepted += accepted
    sum.done += done
    sum.failed += failed
    hours.set(hour, sum)
  }
  return [...hours.values()].filter(({ accepted, done, failed }) => accepted + done + failed > 0).reverse()
}
