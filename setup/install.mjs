import { fileURLToPath } from 'node:url'
import { findProgram } from './find-program.mjs'
import { packageManager, packageManagerName } from './package-manager.mjs'
import { ended, start } from './run.mjs'
import { say } from './say.mjs'
import { SetupProblem } from './setup-problem.mjs'

const installer = fileURLToPath(new URL('./install-packages.mjs', import.meta.url))

/**
 * Installs a program with the system's package manager, and says so first.
 * @param {import('./programs.mjs').Program} program
 * @param {AbortSignal} interrupted
 * @throws {SetupProblem} with the line that says what to do by hand
 */
export async function install({ title, otherwise }, interrupted) {
  const name = packageManagerName()
  if (!name) {
    throw new SetupProblem(
      `${title} is missing and no known package manager is here: install it, ${otherwise}`,
    )
  }
  const manager = packageManager(name)
  const command = [...manager.install, ...manager.packages[title]].join(' ')
  const root = manager.asRoot ? rootPrefix(title, command) : []
  say(`${title} is missing; installing it with: ${[...root, command].join(' ')}`)
  const code = await runInstaller([...root, process.execPath, installer, name, title], interrupted)
  if (code === 0) return
  throw new SetupProblem(`installing ${title} failed (exit code ${code}): install it, ${otherwise}`)
}

function rootPrefix(title, command) {
  if (process.getuid() === 0) return []
  if (!findProgram('sudo')) throw new SetupProblem(`${title} is missing; install it as root with: ${command}`)
  // With nobody there to type a password, sudo must fail rather than ask.
  return process.stdin.isTTY ? ['sudo'] : ['sudo', '-n']
}

/**
 * An interruption is told by closing the installer's input, as a user may not signal a process of root's. sudo itself
 * asks on the terminal, for which it must stay in this process group.
 */
function runInstaller(command, interrupted) {
  const child = start(command, { stdio: ['pipe', 'inherit', 'inherit'] })
  return ended(child, interrupted, () => child.stdin.end())
}
