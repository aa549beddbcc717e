import type { Config } from '../config.js'
import type { Logger } from '../process/log.js'
import type { Connections } from '../redis/connections.js'

/** An option of a command, as `node:util`'s parseArgs takes it, with what `--help` says of it. */
export interface Option {
  type: 'string' | 'boolean'
  short?: string
  /** Stands for the value in the help: `<key>`. */
  hint?: string
  about: string
}

/** Option → what was given for it. */
export type Given = Record<string, string | boolean | undefined>

/** What a command works with. */
export interface CommandContext {
  given: Given
  config: Config
  redis: Connections
  redisUrl: string
  log: Logger
  /** Aborts when the command is to end: Ctrl-C, SIGTERM, or nobody reads its output any more. */
  signal: AbortSignal
  /** Writes a line of results to standard output. */
  print: (line: string) => void
}

/** One of `servery`'s commands. */
export interface Command {
  summary: string
  /** Further lines for `--help`. */
  details: string[]
  options: Record<string, Option>
  /** Whether it waits for a Redis that does not answer yet; others end. */
  waitsForRedis?: boolean
  /** Checks what was given, before anything else. @throws {UsageError} */
  check?: (given: Given) => void
  /** @returns the exit code */
  run(context: CommandContext): Promise<number>
}

/** The command line is wrong: exit code 2. The message names the option and what was expected. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/** The command cannot go on: exit code 1, one line. */
export class CommandError extends Error {
  override name = 'CommandError'
}
