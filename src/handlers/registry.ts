import { readdirSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { type Backoff, defaultRetryPolicy, type RetryPolicy } from '../queue/retry-policy.js'
import { century, durationPattern, parseDuration } from '../units.js'
import { type BackoffSetting, isTask, type Task } from './task.js'

/** A handler, checked and ready to use. */
export interface Handler {
  name: string
  input: TSchema
  policy: RetryPolicy
  timeoutMs: number | undefined
  concurrency: number
  run: Task['run']
  /** Of its file, if it has one. */
  url?: string
  /** Makes an input of a bare value. */
  raw: Task['raw']
  /** What is wrong with an input; empty when nothing is. Each names the field, `data.seconds: …`. */
  mistakesIn(data: unknown): string[]
}

export type Registry = ReadonlyMap<string, Handler>

/** A handler file is broken; the message names it. */
export class HandlerError extends Error {
  override name = 'HandlerError'
}

/**
 * Loads every handler of a folder: one a file, found by the file's name.
 *
 * @throws {HandlerError} naming the first file that cannot be used
 */
export async function loadHandlers(folder: string): Promise<Registry> {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => !entry.isDirectory())
  const scripts = files.map(({ name }) => name).filter((name) => /(?<!\.d)\.[cm]?[jt]sx?$/.test(name))
  scripts.forEach(requireHandlerName)
  const handlers = await Promise.all(scripts.map((file) => loadFile(join(folder, file))))
  return new Map(handlers.map((handler) => [handler.name, handler]))
}

function requireHandlerName(file: string): void {
  if (/^[a-z][a-z0-9-]*\.(js|ts)$/.test(file)) return
  throw new HandlerError(
    `handler ${file}: expected a name of lower-case letters, digits and dashes, as in send-mail.js`,
  )
}

async function loadFile(path: string): Promise<Handler> {
  const name = basename(path, extname(path))
  try {
    const { href: url } = pathToFileURL(path)
    const { default: task } = (await import(url)) as { default?: unknown }
    if (!isTask(task)) throw new TypeError('expected its default export to be task({ … })')
    return { ...toHandler(name, task), url }
  } catch (error) {
    // Anything can be thrown, also what has no message and cannot be made a text.
    const reason = error instanceof Error ? error.message : inspect(error)
    throw new HandlerError(`handler ${name} (${path}): ${reason}`, { cause: error })
  }
}

/**
 * Checks a definition and fills in its defaults.
 *
 * @throws {TypeError} saying which setting is wrong and what was expected
 */
export function toHandler(name: string, task: Task): Handler {
  const { attempts = defaultRetryPolicy.attempts, concurrency = Infinity, backoff, timeout } = task
  requireCount('attempts', attempts)
  if (concurrency !== Infinity) requireCount('concurrency', concurrency)
  const validator = Compile(task.input)
  return {
    name,
    input: task.input,
    policy: { attempts, backoff: backoff ? toBackoff(backoff) : defaultRetryPolicy.backoff },
    timeoutMs: timeout === undefined ? undefined : toPositiveMs('timeout', timeout),
    concurrency,
    run: (input, context) => task.run(input, context),
    raw: task.raw && ((value, bytes) => task.raw?.(value, bytes)),
    mistakesIn: (data) => (validator.Check(data) ? [] : describe(validator, data)),
  }
}

/** A backoff as people write it, in ms. @throws {TypeError} */
export function toBackoff(given: BackoffSetting): Backoff {
  if (Array.isArray(given)) return { type: 'list', delaysMs: given.map((delay) => toMs('backoff', delay)) }
  if (given.type === 'fixed') return { type: 'fixed', delayMs: toMs('backoff.delay', given.delay) }
  const baseMs = toMs('backoff.base', given.base ?? 1000)
  return { type: 'exponential', baseMs, capMs: toMs('backoff.cap', given.cap ?? 3_600_000) }
}

/** A duration as people write it, in ms. @throws {TypeError} naming the field */
export function toMs(field: string, given: string | number): number {
  if (!new RegExp(durationPattern).test(String(given))) {
    throw new TypeError(
      `${field}: expected a duration such as 500, "10s" or "5m", got ${JSON.stringify(given)}`,
    )
  }
  const ms = parseDuration(String(given))
  if (ms <= century.ms) return ms
  throw new TypeError(`${field}: expected ${century.text} at most, got ${JSON.stringify(given)}`)
}

/** Like {@link toMs}, where no time at all makes no sense. @throws {TypeError} naming the field */
export function toPositiveMs(field: string, given: string | number): number {
  const ms = toMs(field, given)
  if (ms > 0) return ms
  throw new TypeError(`${field}: expected 1 ms at least, got ${JSON.stringify(given)}`)
}

function requireCount(field: string, given: number): void {
  if (Number.isSafeInteger(given) && given >= 1) return
  throw new TypeError(`${field}: expected a whole number from 1 on, got ${JSON.stringify(given)}`)
}

function describe(validator: Validator, data: unknown): string[] {
  return validator.Errors(data).map(({ instancePath, message }) => {
    return `data${instancePath.replaceAll('/', '.')}: ${message.replace(/^must /, 'expected to ')}`
  })
}
