import { inexactness } from '../exact-json.js'

/** A message to pubsub workers, as they read it. */
export interface Job {
  /** What its result is told by: what its sender calls it, the id of its broadcast, or the message itself. */
  job: unknown
  /** The handler that is to run it; without one it is echoed. */
  task?: string
  /** The handler's input, or what is echoed. */
  data: unknown
  /** Chosen by the master, and told with the result, so that it knows its own. */
  run?: string
  /** The roll-call to which each worker is to say what becomes of it. */
  broadcast?: string
  /** Why it cannot be run as it was sent. */
  mistake?: string
}

/** How a job ended; `json` is its result, or its error `{"name", "message"}`, as JSON text. */
export interface JobOutcome {
  state: 'done' | 'failed'
  json: string
}

/** What is told of a job on the results channel; one of `result` and `error` is there. */
export interface JobResult {
  worker: string
  job: unknown
  result?: unknown
  /** Of our own workers `{ name, message }`. */
  error?: unknown
  run?: string
}

const maxJobLength = 1024
const token = /^[\w-]{1,64}$/

/**
 * Reads a message: JSON that names a `task` is a job for that handler, with `data`, and `job` to tell it by; anything else
 * is a job to be echoed, as its JSON value where it is exact JSON.
 */
export function parseJob(message: string): Job {
  const value = parsed(message)
  const mistake = inexactness(value, 'message')
  if (!isObject(value) || typeof value.task !== 'string') {
    const data = value === undefined || mistake ? message : value
    return { job: bounded(data), data }
  }
  const { task, data, run, broadcast, job = broadcast ?? value } = value
  return {
    ...(mistake ? { job: bounded(message), mistake } : { job: bounded(job) }),
    task,
    data,
    ...(isToken(run) && { run }),
    ...(isToken(broadcast) && { broadcast }),
  }
}

/** A result as it is published: {@link JobResult} as JSON. */
export function encodeResult(worker: string, { job, run }: Job, { state, json }: JobOutcome): string {
  const rest = run === undefined ? '' : `,"run":${JSON.stringify(run)}`
  const field = state === 'done' ? 'result' : 'error'
  return `{"worker":${JSON.stringify(worker)},"job":${JSON.stringify(job)},"${field}":${json}${rest}}`
}

/** Reads a message of the results channel, where anyone may publish; undefined for anything but a job's result. */
export function parseResult(message: string): JobResult | undefined {
  const value = jsonValue(message)
  if (!isObject(value) || typeof value.worker !== 'string' || value.job === undefined) return undefined
  if (value.result === undefined && value.error === undefined) return undefined
  return value as unknown as JobResult
}

/** What an error says, whoever published it. */
export function reasonOf(error: unknown): string {
  if (isObject(error) && typeof error.message === 'string') return error.message
  return typeof error === 'string' ? error : JSON.stringify(error)
}

/** What JSON text says; undefined where it is none, or nested so deep that it could not be written again. */
export function jsonValue(text: string): unknown {
  const value = parsed(text)
  try {
    return JSON.stringify(value) === undefined ? undefined : value
  } catch {
    return undefined
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// A result that repeats a large message would be twice as large.
function bounded(job: unknown): unknown {
  const text = typeof job === 'string' ? job : JSON.stringify(job)
  return text.length <= maxJobLength ? job : `${text.slice(0, maxJobLength)}…`
}

const isObject = (given: unknown): given is Record<string, unknown> =>
  typeof given === 'object' && given !== null && !Array.isArray(given)

const isToken = (given: unknown): given is string => typeof given === 'string' && token.test(given)
