import { findPrograms, isProgram, versionOf } from './find-program.mjs'
import { install } from './install.mjs'
import { SetupProblem } from './setup-problem.mjs'

/**
 * A program Servery needs. `variable` names the setting that says where it is, and in which it is passed on.
 * @typedef {{ title: string, variable: string, names: string[], paths: string[], minimum: number,
 *   otherwise: string }} Program
 */

/** @type {Program} */
const redis = {
  title: 'redis-server',
  variable: 'REDIS_SERVER',
  names: ['redis-server', 'valkey-server'],
  paths: [],
  minimum: 7,
  otherwise: 'or let REDIS_URL name a server that runs',
}

/** @type {Program} */
const chromium = {
  title: 'chromium',
  variable: 'CHROME_PATH',
  names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  paths: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  minimum: 0,
  otherwise: 'or let CHROME_PATH name a browser',
}

/** The server Servery runs privately. @type {import('./prepare.mjs').Part} */
export const server = part(redis)

/** The browser that the tests of the page use. @type {import('./prepare.mjs').Part} */
export const browser = part(chromium)

function part(program) {
  return {
    missing: () => !found(program),
    async provide(interrupted) {
      await install(program, interrupted)
      if (!found(program)) throw new SetupProblem(`${program.title} is still missing after its installation`)
    },
  }
}

/**
 * Whether there is such a program, new enough; its path is then in the environment, for what runs next. An old one is
 * not replaced: it may be somebody's running service.
 */
function found(program) {
  const old = []
  for (const path of candidates(program)) {
    const version = versionOf(path)
    if (version && Number.parseInt(version, 10) >= program.minimum) return use(program, path)
    if (version) old.push(`${path} is version ${version}`)
  }
  if (old.length > 0) throw tooOld(program, old)
  return false
}

function candidates({ variable, names, paths }) {
  const named = process.env[variable]
  if (!named) return [...names.flatMap(findPrograms), ...paths.filter(isProgram)]
  if (isProgram(named)) return [named]
  throw new SetupProblem(`${variable} is ${named}, which is not a program that can be run`)
}

function use({ variable }, path) {
  process.env[variable] = path
  return true
}

function tooOld({ title, minimum, otherwise }, old) {
  return new SetupProblem(
    `${old.join(', ')}; Servery needs ${title} ${minimum}.0 or later: upgrade it, ${otherwise}`,
  )
}
