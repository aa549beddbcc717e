import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './root.mjs'
import { SetupProblem } from './setup-problem.mjs'

/**
 * Runs a program to its end with its output shown. It gets a process group of its own, which an interruption ends as
 * a whole: npm passes a signal on to its shell, but the shell not to the compiler it started.
 * @param {string[]} command program and arguments
 * @param {AbortSignal} interrupted
 * @param {NodeJS.ProcessEnv} [env] settings on top of this process's
 * @returns {Promise<number>} exit code
 * @throws {SetupProblem} when interrupted, or when the program cannot be run
 */
export async function run(command, interrupted, env = {}) {
  const child = start(command, { env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  return ended(child, interrupted, () => process.kill(-child.pid, interrupted.reason.signal))
}

/** Starts a program in the repository's folder. @param {string[]} command @param {object} options as for `spawn` */
export function start([program, ...args], { env = {}, ...options }) {
  return spawn(program, args, { cwd: root, env: { ...process.env, ...env }, ...options })
}

/**
 * Waits for a child's end; `stop` is called when an interruption comes before.
 * @param {import('node:child_process').ChildProcess} child
 * @param {AbortSignal} interrupted
 * @param {() => void} stop
 * @returns {Promise<number>} exit code, 128 and the signal's number when a signal ended it
 * @throws {SetupProblem} when interrupted, or when the program cannot be run
 */
export async function ended(child, interrupted, stop) {
  const code = new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new SetupProblem(`cannot run ${child.spawnfile}: ${error.message}`)),
    )
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  })
  interrupted.addEventListener('abort', stop)
  try {
    return await code
  } finally {
    interrupted.removeEventListener('abort', stop)
    interrupted.throwIfAborted()
  }
}
