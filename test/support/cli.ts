import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { packageRoot } from '../../src/process/package-root.js'

/** How a command ended, and what it wrote. */
export interface CliResult {
  code: number | null
  out: string
  error: string
}

/** What is piped in, and the environment besides PATH. */
export interface CliOptions {
  input?: string | Buffer
  env?: Record<string, string>
  /** The program: what was built, unless given. */
  program?: string
}

/** Runs `servery …` to its end. */
export async function servery(args: string[], options: CliOptions = {}): Promise<CliResult> {
  const { input = '', env = {}, program = 'dist/src/cli/servery.js' } = options
  const child = spawn(process.execPath, [join(packageRoot, program), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: 'pipe',
  })
  // A command that reads nothing may have ended before it is written.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [out, error, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code: code as number | null, out, error }
}
