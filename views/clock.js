/**
 * A point in time as 24-hour local time, `14:03:59`.
 *
 * @param {number} atMs since 1970
 */
export function clockTime(atMs) {
  return new Date(atMs).toTimeString().slice(0, 8)
}
