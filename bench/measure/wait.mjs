import { setTimeout as sleep } from 'node:timers/promises'

const everyMs = 10

/**
 * Looks every few milliseconds until something holds.
 * @template T
 * @param {() => Promise<T>} look
 * @param {(seen: T) => boolean} holds
 * @param {number} withinMs
 * @returns {Promise<T>} what was seen
 * @throws {WrongResult} after `withinMs`
 */
export async function waitUntil(look, holds, withinMs = 120_000) {
  const end = performance.now() + withinMs
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    if (performance.now() > end) throw new WrongResult(`not within ${withinMs} ms; last seen: ${seen}`)
    await sleep(everyMs)
  }
}

/** What was measured did not do its work: there is no number for that. */
export class WrongResult extends Error {
  name = 'WrongResult'
}

/** @param {string} what @param {number} actual @param {number} expected @throws {WrongResult} */
export function expectCount(what, actual, expected) {
  if (actual !== expected) throw new WrongResult(`${what}: ${actual} instead of ${expected}`)
}
