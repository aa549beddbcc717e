/** Durations and sizes as people write them, turned into milliseconds and bytes. */

const durationUnitsMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const

/** What {@link parseDuration} accepts, as a regular expression's source. */
export const durationPattern = '^\\d{1,12}(ms|s|m|h|d)?$'

/** What {@link parseSize} accepts, as a regular expression's source. */
export const sizePattern = '^\\d{1,12}(B|KiB|MiB|GiB)?$'

/** Nothing is put off for longer; what is longer, a Date may not be able to hold. */
export const century = { ms: 36_500 * durationUnitsMs.d, text: '36500d' } as const

/** `"10s"` → 10000. Without a unit the number is milliseconds. The text must match {@link durationPattern}. */
export function parseDuration(text: string): number {
  return parseQuantity(text, durationUnitsMs)
}

/** `"256KiB"` → 262144. Without a unit the number is bytes. The text must match {@link sizePattern}. */
export function parseSize(text: string): number {
  return parseQuantity(text, sizeUnits)
}

function parseQuantity(text: string, units: Record<string, number>): number {
  const [, digits, unit] = /^(\d+)([A-Za-z]*)$/.exec(text) ?? []
  return Number(digits) * (unit ? (units[unit] ?? NaN) : 1)
}
