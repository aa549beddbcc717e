import { parseArgs } from 'node:util'
import { mistakeIn } from '../config.js'
import { durationPattern, parseDuration } from '../units.js'
import { type Given, type Option, UsageError } from './command.js'

/** What every command has. */
export const helpOption: Option = { type: 'boolean', short: 'h', about: 'this text' }

/** Reads a command's arguments. @throws {UsageError} */
export function parseOptions(args: string[], options: Record<string, Option>): Given {
  try {
    return parseArgs({ args, options: { ...options, help: helpOption }, strict: true }).values
  } catch (error) {
    throw new UsageError(firstSentence((error as Error).message), { cause: error })
  }
}

// parseArgs goes on with advice that does not apply here.
function firstSentence(text: string): string {
  const sentence = /^[^.]*'[^']*'[^.]*|^[^.\n]*/.exec(text)?.[0] ?? text
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}

/** An integer. @throws {UsageError} */
export function integerOption(
  given: Given,
  name: string,
  { min, max, otherwise }: { min: number; max: number; otherwise: number },
): number {
  const text = given[name]
  if (text === undefined) return otherwise
  const value = /^\d{1,12}$/.test(String(text)) ? Number(text) : NaN
  if (value >= min && value <= max) return value
  throw wrong(name, `an integer from ${min} to ${max}`, text)
}

/** A duration, in ms. @throws {UsageError} */
export function durationOption(
  given: Given,
  name: string,
  { most, otherwise }: { most: string; otherwise: string },
): number {
  const text = String(given[name] ?? otherwise)
  const ms = new RegExp(durationPattern).test(text) ? parseDuration(text) : NaN
  if (ms <= parseDuration(most)) return ms
  throw wrong(name, `a duration such as 500ms, 10s, 5m, at most ${most}`, text)
}

/** JSON; undefined where nothing was given. @throws {UsageError} */
export function jsonOption(given: Given, name: string): unknown {
  const text = given[name]
  if (text === undefined) return undefined
  try {
    return JSON.parse(String(text))
  } catch {
    throw wrong(name, `JSON such as '{"message": "hello"}'`, text)
  }
}

/** A list key, as QUEUE is one. @throws {UsageError} */
export function queueOption({ queue }: Given): string | undefined {
  if (queue === undefined) return undefined
  const mistake = mistakeIn('QUEUE', String(queue))
  if (mistake) throw new UsageError(`--queue: ${mistake}`)
  return String(queue)
}

/** Names of workers, separated by commas. @throws {UsageError} */
export function workersOption({ workers }: Given): string[] | undefined {
  if (workers === undefined) return undefined
  const names = [...new Set(String(workers).split(','))]
  for (const name of names) {
    const mistake = mistakeIn('WORKER_NAME', name)
    if (mistake) throw new UsageError(`--workers: of each name ${mistake}`)
  }
  return names
}

function wrong(name: string, expected: string, got: string | boolean): UsageError {
  return new UsageError(`--${name}: expected ${expected}, got ${JSON.stringify(got)}`)
}
