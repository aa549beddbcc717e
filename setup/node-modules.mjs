import { fingerprint, isStamped, stamp, unstamp } from './fingerprint.mjs'
import { npm } from './npm.mjs'
import { say } from './say.mjs'
import { SetupProblem } from './setup-problem.mjs'

const stampFile = 'node_modules/.servery-stamp'
// The build needs the development packages even where NODE_ENV=production; no package's install script is needed.
// What npm warns of is ours to mind, and not the user's.
const args = ['ci', '--include=dev', '--ignore-scripts', '--loglevel=error']

// Some packages come as one build a platform: a folder shared with another system must be filled anew.
const current = () => fingerprint(['package-lock.json'], `${process.platform} ${process.arch}`)

/** The packages that package-lock.json names. @type {import('./prepare.mjs').Part} */
export const nodeModules = {
  missing: () => !isStamped(stampFile, current()),
  async provide(interrupted) {
    const print = current()
    say(`node_modules is missing or out of date; filling it with: npm ${args.join(' ')}`)
    unstamp(stampFile)
    const code = await npm(args, interrupted)
    if (code !== 0) throw new SetupProblem(`npm ${args.join(' ')} failed (exit code ${code})`)
    stamp(stampFile, print)
  },
}
