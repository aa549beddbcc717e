// Run by install.mjs, as root where that takes root: `install-packages.mjs MANAGER TITLE` installs what MANAGER has for
// the program TITLE and leaves no system service running or enabled that was not there before.
import { heedingSignals, Interrupted } from './interruption.mjs'
import { packageManager } from './package-manager.mjs'
import { ended, start } from './run.mjs'
import { complain } from './say.mjs'
import { withoutNewServices } from './services.mjs'
import { SetupProblem } from './setup-problem.mjs'

const [name, title] = process.argv.slice(2)
const { prepare, install, packages } = packageManager(name)
const wanted = packages[title]
// A root shell without them, such as that of su, makes dpkg refuse to work.
process.env.PATH += ':/usr/local/sbin:/usr/sbin:/sbin'
const env = { DEBIAN_FRONTEND: 'noninteractive' }

try {
  process.exit(await heedingSignals(installWanted))
} catch (error) {
  if (!(error instanceof SetupProblem)) throw error
  // The parent says that itself.
  if (!(error instanceof Interrupted)) complain(error.message)
  process.exit(error.exitCode)
}

async function installWanted(interrupted) {
  stopWithParent()
  if (prepare) await refresh(interrupted)
  return withoutNewServices(wanted, () => runGently([...install, ...wanted], interrupted))
}

/** The parent closes this process's input in order to stop it, and so does its death. */
function stopWithParent() {
  process.stdin.resume().once('end', () => process.kill(process.pid, 'SIGTERM'))
}

/** What fails here, such as one of several sources, need not matter: whether the install succeeds tells. */
async function refresh(interrupted) {
  const child = start(prepare, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const code = await ended(child, interrupted, () => child.kill('SIGINT'))
  if (code === 0) return
  process.stderr.write(Buffer.concat(output))
  complain(`${prepare.join(' ')} failed (exit code ${code})`)
}

/**
 * In a session of its own, where Ctrl-C reaches the package manager only as the signal sent here: it stops a download,
 * while an unpacking that has begun is finished, as half a package would leave the system to be repaired by hand.
 */
function runGently(command, interrupted) {
  const child = start(command, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  return ended(child, interrupted, () => child.kill('SIGINT'))
}
