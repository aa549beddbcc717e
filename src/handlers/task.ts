import type { Static, TSchema } from 'typebox'
import type { AllowedHost } from '../allowed-hosts.js'
import type { Logger } from '../process/log.js'

/** The settings that handlers may need: they never read the environment. The same for every task. */
export interface TaskSettings {
  /** Folder whose files tasks may read; an absolute path. */
  readonly dataDir: string
  /** Hosts that may be reached although they are private. */
  readonly fetchAllow: readonly AllowedHost[]
}

/** What a handler gets besides its input. */
export interface TaskContext {
  /** The task's id, the same in every attempt. */
  id: string
  /** Counted from 1. */
  attempt: number
  /** Aborts on timeout, cancel, lost lease and shutdown: stop what you do then, and throw. */
  signal: AbortSignal
  /** Says how far the work is: a fraction from 0 to 1, with a note if you like. Calls may be frequent. */
  progress: (fraction: number, note?: string) => void
  log: Logger
  settings: TaskSettings
}

/** Waits between attempts, as a handler or a request names them: `"10s"` is a duration, a number is ms. */
export type BackoffSetting =
  | { type: 'exponential'; base?: string | number; cap?: string | number }
  | { type: 'fixed'; delay: string | number }
  | (string | number)[]

export interface TaskDefinition<Input extends TSchema> {
  /** TypeBox schema of the input: types `run`, and is checked before a task is taken in and before it is run. */
  input: Input
  /** Attempts in all; 3 unless given. */
  attempts?: number
  /** Exponential with jitter from 1 s unless given. */
  backoff?: BackoffSetting
  /** Time for one attempt; none unless given. A handler that ignores its signal is ended with its process. */
  timeout?: string | number
  /** At most so many at a time in one worker. */
  concurrency?: number
  /**
   * Makes an input of a bare value, where this handler runs a queue's bare values; what it throws makes the value dead.
   * `value` is the text of `bytes`, which a memcached client may have sent as no text at all.
   */
  raw?: (value: string, bytes: Buffer) => unknown
  /** Does the work; what it returns is the result, as JSON. What it throws fails the attempt. */
  run(input: Static<Input>, context: TaskContext): unknown
}

const mark: unique symbol = Symbol('servery.task')

/** A handler: what {@link task} returns and a handler file exports as its default. */
export interface Task<Input extends TSchema = TSchema> extends TaskDefinition<Input> {
  [mark]: true
}

/**
 * Defines a handler. One file in `workers/tasks/` exports one as its default, and is found by its name.
 *
 * @example
 * export default task({
 *   input: Type.Object({ message: Type.String() }),
 *   run: ({ message }) => message,
 * })
 */
export function task<Input extends TSchema>(definition: TaskDefinition<Input>): Task<Input> {
  return { ...definition, [mark]: true }
}

/** Whether something is what {@link task} returns. */
export function isTask(given: unknown): given is Task {
  return typeof given === 'object' && given !== null && mark in given
}

/** Throw it to fail a task for good: trying again would not help. */
export class UnrecoverableError extends Error {
  override name = 'UnrecoverableError'
}
