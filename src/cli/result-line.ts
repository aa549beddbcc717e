import { type JobResult, jsonValue, parseResult, reasonOf } from '../channel/job.js'
import { inexactness } from '../exact-json.js'
import { valueText } from '../visible-text.js'

/** A message of the results channel for people: one line that steers no terminal. */
export function resultLine(message: string): string {
  // Read and written again, a large number would be another.
  if (inexactness(jsonValue(message), '')) return `said ${valueText(message)}`
  const job = parseResult(message)
  if (job) return jobLine(job)
  return taskLine(jsonValue(message)) ?? `said ${valueText(message)}`
}

/**
 * A message as it came, on one line: where it is JSON, control characters and line ends are written so that it still is the
 * same JSON; where it is not, as a JSON string.
 */
export function jsonLine(message: string): string {
  const json = jsonValue(message) === undefined ? JSON.stringify(message) : message
  return json.replace(/[\t\r\n]+/g, ' ').replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escaped)
}

/** A value on a line for people: a text as it is, other JSON as JSON. */
export function text(value: unknown): string {
  return valueText(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing'))
}

function jobLine({ worker, job, result, error }: JobResult): string {
  const [state, outcome] = error === undefined ? ['done', text(result)] : ['failed', text(reasonOf(error))]
  return `${state} job ${text(job)}: ${outcome}${notes({ worker })}`
}

// How a task ended, as src/queue/scripts/results.lua tells it.
function taskLine(given: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const { id, task, state, worker, attempt, result, error, lastAttempt } = given as Record<string, unknown>
  if (typeof id !== 'string' || typeof state !== 'string') return undefined
  const reason = (lastAttempt as { error?: unknown } | null | undefined)?.error ?? error
  const outcome = reason === undefined ? text(result) : text(reasonOf(reason))
  return `${text(state)} ${task ? text(task) : 'value'}: ${outcome}${notes({ task: id, worker, attempt })}`
}

function notes(fields: Record<string, unknown>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== '')
  return ` ${given.map(([name, value]) => ` ${name}=${text(value)}`).join('')}`
}

const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')
