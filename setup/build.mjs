import { readdirSync } from 'node:fs'
import { fingerprint, isStamped, stamp, unstamp } from './fingerprint.mjs'
import { npm } from './npm.mjs'
import { root } from './root.mjs'
import { say } from './say.mjs'
import { SetupProblem } from './setup-problem.mjs'

const stampFile = 'dist/.stamp'
const sources = ['src', 'workers', 'views', 'package-lock.json', 'setup/copy-assets.mjs']

const settings = () => readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name))
const current = () => fingerprint([...sources, ...settings()])

/** The program in dist/, built from the sources as they are. @type {import('./prepare.mjs').Part} */
export const build = {
  missing: () => !isStamped(stampFile, current()),
  async provide(interrupted) {
    // Taken before the build: what is edited meanwhile may have missed it, and must cause another.
    const print = current()
    say('dist is missing or out of date; building it with: npm run build')
    unstamp(stampFile)
    const code = await npm(['run', '--silent', 'build'], interrupted)
    if (code !== 0) throw new SetupProblem(`npm run build failed (exit code ${code})`)
    stamp(stampFile, print)
  },
}
