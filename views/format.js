/** Numbers and times as pages show them; the server renders with the same functions. */

/**
 * @param {number} number
 * @param {string} language
 */
export function formatNumber(number, language) {
  return new Intl.NumberFormat(language, { maximumFractionDigits: number < 10 ? 2 : 0 }).format(number)
}

/**
 * A span of time in one unit or two: `5s`, `3m 20s`, `2h 5m`, `4d 1h`.
 *
 * @param {number} ms
 */
export function formatAge(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${seconds % 60}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${Math.floor((seconds % 3600) / 60)}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`
}
