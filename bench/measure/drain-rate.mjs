import { waitUntil } from './wait.mjs'

/**
 * The rate a second at which the last `count` tasks are worked off, seen from outside.
 * @param {() => Promise<number>} left how many are left
 * @param {number} count
 */
export async function drainRate(left, count) {
  const look = async () => ({ left: await left(), at: performance.now() })
  const begun = await waitUntil(look, (seen) => seen.left <= count)
  const ended = await waitUntil(look, (seen) => seen.left === 0)
  return begun.left / ((ended.at - begun.at) / 1000)
}
