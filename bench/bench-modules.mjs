import { fingerprint, isStamped, stamp, unstamp } from '../setup/fingerprint.mjs'
import { npm } from '../setup/npm.mjs'
import { say } from '../setup/say.mjs'
import { SetupProblem } from '../setup/setup-problem.mjs'

const stampFile = 'bench/node_modules/.servery-stamp'
const args = ['ci', '--prefix', 'bench', '--ignore-scripts']

const current = () => fingerprint(['bench/package-lock.json'], `${process.platform} ${process.arch}`)

/** The packages that only measuring needs: the peers, and a client that puts load on HTTP. @type {import('../setup/prepare.mjs').Part} */
export const benchModules = {
  missing: () => !isStamped(stampFile, current()),
  async provide(interrupted) {
    const print = current()
    say(`bench/node_modules is missing or out of date; filling it with: npm ${args.join(' ')}`)
    unstamp(stampFile)
    const code = await npm(args, interrupted)
    if (code !== 0) throw new SetupProblem(`npm ${args.join(' ')} failed (exit code ${code})`)
    stamp(stampFile, print)
  },
}
