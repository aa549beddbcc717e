import { run } from './run.mjs'

/**
 * Runs npm to its end: the one that started this process, if one did.
 * @param {string[]} args
 * @param {AbortSignal} interrupted
 * @returns {Promise<number>} exit code
 */
export function npm(args, interrupted) {
  const started = process.env.npm_execpath ?? ''
  const command = started.endsWith('npm-cli.js') ? [process.execPath, started] : ['npm']
  return run([...command, ...args], interrupted)
}
