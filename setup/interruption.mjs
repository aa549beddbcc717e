import { constants } from 'node:os'
import { SetupProblem } from './setup-problem.mjs'

const names = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** A signal such as Ctrl-C's ended the work; `signal` is its name, the exit code is the one shells use. */
export class Interrupted extends SetupProblem {
  /** @param {string} signal */
  constructor(signal) {
    super(`stopped by ${signal}`, 128 + constants.signals[signal])
    this.signal = signal
  }
}

/**
 * Does `work` with the usual ending signals turned into an abort signal whose reason is an `Interrupted`, so that what
 * is half done can be undone. Later signals change nothing: the first one's clean-up is under way.
 * @template T
 * @param {(interrupted: AbortSignal) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function heedingSignals(work) {
  const controller = new AbortController()
  const heed = (name) => controller.abort(new Interrupted(name))
  for (const name of names) process.on(name, heed)
  try {
    return await work(controller.signal)
  } finally {
    for (const name of names) process.off(name, heed)
  }
}
