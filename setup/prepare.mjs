import { heedingSignals } from './interruption.mjs'
import { alone } from './lock.mjs'
import { complain } from './say.mjs'
import { SetupProblem } from './setup-problem.mjs'

/**
 * A part of what Servery needs: whether it is missing, and what gets it.
 * @typedef {{ missing: () => boolean, provide: (interrupted: AbortSignal) => Promise<void> }} Part
 */

/**
 * Provides what is missing, in the order given, and says nothing when nothing is. What cannot be had ends the process
 * with one line and a non-zero exit code.
 * @param {Part[]} parts
 */
export async function prepare(parts) {
  try {
    for (const part of parts) if (part.missing()) await provide(part)
  } catch (error) {
    if (!(error instanceof SetupProblem)) throw error
    complain(error.message)
    process.exit(error.exitCode)
  }
}

/** Asks again once it has the lock: whoever held it may have provided the part. */
function provide(part) {
  return heedingSignals((interrupted) =>
    alone(interrupted, async () => {
      if (part.missing()) await part.provide(interrupted)
    }),
  )
}
