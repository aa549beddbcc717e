import { join } from 'node:path'
import { heedingSignals, Interrupted } from './interruption.mjs'
import { npm } from './npm.mjs'
import { root } from './root.mjs'
import { run } from './run.mjs'
import { complain } from './say.mjs'

const scripts = ['format:check', 'lint', 'typecheck']

/**
 * Runs the checks and the tests one after the other, up to the first that fails; only the tests when arguments say which.
 * @param {string[]} args for vitest
 * @returns {Promise<number>} exit code
 */
export async function check(args) {
  try {
    return await heedingSignals((interrupted) => untilOneFails(args, interrupted))
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error
    complain(error.message)
    return error.exitCode
  }
}

async function untilOneFails(args, interrupted) {
  for (const script of args.length > 0 ? [] : scripts) {
    const code = await npm(['run', '--silent', script], interrupted)
    if (code !== 0) return failed(`npm run ${script}`, code)
  }
  const code = await run([join(root, 'node_modules/.bin/vitest'), 'run', ...args], interrupted)
  return code === 0 ? 0 : failed('vitest run', code)
}

function failed(step, code) {
  complain(`${step} failed (exit code ${code})`)
  return code
}
