import { isUtf8 } from 'node:buffer'
import type { Backoff } from './retry-policy.js'
import type { StoredError } from './stored-error.js'
import { timeOf } from './task-id.js'

/**
 * A task's value as Redis keeps it: `enqueuedAt \t name [\t options] \n data`. Options and data are JSON that only
 * this side ever reads: Lua's cjson would turn [] into {} and round large integers. A bare value that another
 * program pushed has an empty name, and its data is the value itself. When it was enqueued, by Redis' clock, is said in ms
 * after the time in its id, a digit or two where the clocks agree, or since 1970.
 */

/** Between the values of several tasks in one string. JSON text never has it; a bare value may. */
export const valueSeparator = '\u0001'
/** Since 1970 it is longer than this, ms; from a time in an id it is shorter. */
const longestOffsetMs = 1e12

/** What a task carries besides its data, where it differs from the defaults; short names, for each waits a million times. */
export interface TaskOptions {
  /** Attempts in all. */
  a?: number
  /** Backoff. */
  b?: Backoff
  /** Timeout in ms. */
  t?: number
  /** Flags, a number that a memcached client gave to a bare value. */
  f?: number
  /** The data are these bytes in another guise, for they are not UTF-8. */
  e?: 'base64'
}

/** A task as a worker gets it. */
export interface StoredTask {
  id: string
  /** Attempts that have failed so far. */
  failed: number
  /** Name of the handler; empty for a bare value. */
  name: string
  options: TaskOptions
  /** JSON text; for a bare value the value itself. */
  data: string
  /** ms since 1970 by Redis' clock. */
  enqueuedAt: number
}

const noOptions: TaskOptions = Object.freeze({})

/** The part of the value that the enqueuing side makes; Redis puts its time in front. */
export function encodeTask({
  name,
  data,
  options,
}: {
  name: string
  data: string
  options?: TaskOptions | undefined
}): string {
  return `${name}${options ? `\t${JSON.stringify(options)}` : ''}\n${data}`
}

/** The part of a bare value that the enqueuing side makes, from any bytes. */
export function encodeBytes(bytes: Buffer, flags: number): Buffer {
  const isText = isUtf8(bytes)
  const options: TaskOptions = { ...(flags > 0 && { f: flags }), ...(!isText && { e: 'base64' }) }
  const head = encodeTask({ name: '', data: '', ...(Object.keys(options).length > 0 && { options }) })
  return Buffer.concat([Buffer.from(head), isText ? bytes : Buffer.from(bytes.toString('base64'))])
}

/** The bytes of a bare value, as they were pushed. */
export function bytesOf({ options, data }: Pick<StoredTask, 'options' | 'data'>): Buffer {
  return Buffer.from(data, options.e ?? 'utf8')
}

/** Reads a value as the scripts return it to who asks for buffers: its data apart, for they may be any bytes. */
export function decodeTaskBytes(
  id: string,
  failed: number,
  value: Buffer,
): { task: StoredTask; bytes: Buffer } {
  const end = value.indexOf('\n') + 1
  const task = decodeTask(id, failed, value.toString('utf8', 0, end))
  const data = value.subarray(end)
  return { task, bytes: task.options.e ? Buffer.from(data.toString(), task.options.e) : data }
}

/** Reads a value as the scripts return it. Never throws: who can write to Redis may have written anything. */
export function decodeTask(id: string, failed: number, value: string): StoredTask {
  const first = value.indexOf('\t')
  const end = value.indexOf('\n', first)
  const head = value.slice(first + 1, end)
  const second = head.indexOf('\t')
  const at = Number(value.slice(0, first))
  return {
    id,
    failed,
    name: second < 0 ? head : head.slice(0, second),
    options: second < 0 ? noOptions : decodeOptions(head.slice(second + 1)),
    data: value.slice(end + 1),
    enqueuedAt: Math.abs(at) < longestOffsetMs ? timeOf(id) + at : at,
  }
}

function decodeOptions(text: string): TaskOptions {
  try {
    return JSON.parse(text) as TaskOptions
  } catch {
    return noOptions
  }
}

/**
 * Who works on a task, as it is noted: `attempt \t startedAt \t consumer [\t progress \t note]`. When an attempt started is
 * not known of one that ended, with its worker, before it was noted.
 */
export interface ActiveMark {
  attempt: number
  startedAt?: number
  consumer: string
  progress?: number
  note?: string
}

export function decodeMark(text: string): ActiveMark | undefined {
  const [attempt, startedAt, consumer, progress, ...note] = text.split('\t')
  if (!attempt || consumer === undefined) return undefined
  return {
    attempt: Number(attempt),
    ...(startedAt && { startedAt: Number(startedAt) }),
    consumer,
    ...(progress && { progress: Number(progress) }),
    ...(note.length > 0 && { note: note.join('\t') }),
  }
}

/** A finished task's record: `state \t finishedAt \t mark \n result or error \n value`. */
export interface FinishedRecord {
  state: 'done' | 'cancelled'
  finishedAt: number
  mark?: ActiveMark
  /** JSON text: the result of a task that is done, the error of one that was cancelled. */
  outcome: string
  task: StoredTask
}

export function decodeRecord(id: string, text: string): FinishedRecord {
  const headEnd = text.indexOf('\n')
  const outcomeEnd = text.indexOf('\n', headEnd + 1)
  const [state, finishedAt, ...mark] = text.slice(0, headEnd).split('\t')
  return {
    state: state === 'done' ? 'done' : 'cancelled',
    finishedAt: Number(finishedAt),
    mark: decodeMark(mark.join('\t')),
    outcome: text.slice(headEnd + 1, outcomeEnd),
    task: decodeTask(id, 0, text.slice(outcomeEnd + 1)),
  }
}

/** One failed attempt, as the history keeps it. */
export interface Attempt {
  attempt: number
  worker: string
  startedAt?: number
  endedAt: number
  error: StoredError
}
