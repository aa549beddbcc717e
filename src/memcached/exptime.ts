/** Up to here an exptime is a number of seconds from now; beyond it is a time in seconds since 1970. */
const longestRelative = 30 * 24 * 3600

/** When a value is dropped unless somebody has taken it, as `ValueQueues` has it. */
export function expiryOf(exptime: number): string {
  if (exptime === 0) return ''
  if (exptime < 0) return '+0'
  return exptime <= longestRelative ? `+${exptime * 1000}` : String(exptime * 1000)
}

/**
 * How much longer a reservation is to last, in ms; 0 or less is over now.
 *
 * @param defaultMs what 0, memcached's "for ever", comes to
 */
export function extensionMs(exptime: number, defaultMs: number, nowMs = Date.now()): number {
  if (exptime === 0) return defaultMs
  return exptime <= longestRelative ? exptime * 1000 : exptime * 1000 - nowMs
}
