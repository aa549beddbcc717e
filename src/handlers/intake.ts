import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { queueNamePattern } from '../queue/names.js'
import { inexactness } from '../exact-json.js'
import type { TaskOptions } from '../queue/envelope.js'
import { defaultRetryPolicy, type RetryPolicy } from '../queue/retry-policy.js'
import type { NewTask } from '../queue/task-queue.js'
import { century } from '../units.js'
import { type Registry, toBackoff, toMs, toPositiveMs } from './registry.js'

const Duration = Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
  description: 'milliseconds, or "1500ms", "10s", "5m", "2h", "1d"',
})
const Instant = Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
  description: 'ISO 8601, or milliseconds since 1970',
})

/** A task as a program asks for it. */
export const TaskRequest = Type.Object(
  {
    // A name is written into one line with what else is noted of a task.
    task: Type.String({ pattern: '^[^\\x00-\\x1f\\x7f]{1,100}$', description: 'name of the handler' }),
    data: Type.Optional(Type.Any({ description: 'its input' })),
    queue: Type.Optional(Type.String({ pattern: queueNamePattern, default: 'default' })),
    delay: Type.Optional(Duration),
    at: Type.Optional(Instant),
    attempts: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
    backoff: Type.Optional(
      Type.Union([
        Type.Object(
          { type: Type.Literal('exponential'), base: Type.Optional(Duration), cap: Type.Optional(Duration) },
          { additionalProperties: false },
        ),
        Type.Object({ type: Type.Literal('fixed'), delay: Duration }, { additionalProperties: false }),
        Type.Array(Duration, { minItems: 1, maxItems: 100 }),
      ]),
    ),
    timeout: Type.Optional(Duration),
    priority: Type.Optional(Type.Enum(['high', 'normal', 'low'])),
    key: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{1,200}$',
        description: 'idempotency key, as the header Idempotency-Key; each queue has its own',
      }),
    ),
  },
  { additionalProperties: false },
)
type Request = Static<typeof TaskRequest>

/** How a task is to be taken in and tried, where it differs from its handler's own settings. */
export type EnqueueSettings = Pick<Request, 'delay' | 'at' | 'attempts' | 'backoff' | 'timeout' | 'priority'>

const requestValidator = Compile(TaskRequest)

/** A request that was checked, ready for the queue that it names. */
export interface CheckedTask {
  queue: string
  task: NewTask
  /** Its input as it came. */
  data: unknown
  /** Idempotency key. */
  key?: string
}

/** A task request that cannot be taken; the message names each field and what was expected. */
export class BadTaskError extends Error {
  override name = 'BadTaskError'
  readonly code = 'BAD_TASK'
  /** Each as `field: what was expected`. */
  readonly mistakes: readonly string[]

  constructor(mistakes: string | string[], options?: ErrorOptions) {
    super([mistakes].flat().join('; '), options)
    this.mistakes = [mistakes].flat()
  }
}

/**
 * Checks a request for a task: its form, that there is such a handler, and its data against the handler's input.
 *
 * @throws {BadTaskError}
 */
export function checkTask(request: unknown, registry: Registry): CheckedTask {
  if (!requestValidator.Check(request)) throw new BadTaskError(describeForm(request))
  const handler = registry.get(request.task)
  if (!handler) {
    throw new BadTaskError(`task: expected one of ${[...registry.keys()].join(', ')}, got "${request.task}"`)
  }
  const data: unknown = request.data ?? {}
  const inexact = inexactness(data, 'data')
  const mistakes = inexact ? [inexact] : handler.mistakesIn(data)
  if (mistakes.length > 0) throw new BadTaskError(mistakes)
  const task = toNewTask(request, data)
  const options = optionsOf(request, handler)
  if (options) task.options = options
  const checked: CheckedTask = { queue: request.queue ?? 'default', task, data }
  if (request.key !== undefined) checked.key = request.key
  return checked
}

/**
 * A task from a program that need not have its handler: its input is checked where it is run.
 *
 * @throws {BadTaskError}
 */
export function settingsToTask(name: string, data: unknown, settings: EnqueueSettings): NewTask {
  const request = { task: name, ...settings }
  if (!requestValidator.Check(request)) throw new BadTaskError(describeForm(request))
  return { ...toNewTask(request, data ?? {}), options: optionsOf(request, { policy: defaultRetryPolicy }) }
}

function toNewTask({ task: name, priority, delay, at }: Request, data: unknown): NewTask {
  if (delay !== undefined && at !== undefined)
    throw new BadTaskError('delay, at: expected one of them, got both')
  const text = JSON.stringify(data) as string | undefined
  if (text === undefined) throw new BadTaskError(`data: expected JSON, got ${typeof data}`)
  const task: NewTask = { name, data: text }
  if (priority) task.priority = priority
  if (delay !== undefined) task.delayMs = named(() => toMs('delay', delay))
  if (at !== undefined) task.at = instant(at)
  return task
}

const unlessDefault = <Name extends keyof RetryPolicy>(policy: RetryPolicy, name: Name) =>
  policy[name] === defaultRetryPolicy[name] ? undefined : policy[name]

// Only what was asked for, or differs from the defaults, is stored: a waiting task should cost little.
function optionsOf(
  request: Request,
  { policy }: { policy: typeof defaultRetryPolicy },
): TaskOptions | undefined {
  const attempts = request.attempts ?? unlessDefault(policy, 'attempts')
  const backoff = request.backoff ? checkedBackoff(request.backoff) : unlessDefault(policy, 'backoff')
  if (attempts === undefined && backoff === undefined && request.timeout === undefined) return undefined
  const options: TaskOptions = {}
  if (attempts !== undefined) options.a = attempts
  if (backoff !== undefined) options.b = backoff
  if (request.timeout !== undefined) options.t = timeout(request.timeout)
  return options
}

function checkedBackoff(given: NonNullable<Request['backoff']>) {
  return named(() => toBackoff(given))
}

function timeout(given: string | number): number {
  return named(() => toPositiveMs('timeout', given))
}

// By this machine's clock, which is near enough for a bound.
function instant(given: string | number): number {
  const ms = typeof given === 'number' ? given : Date.parse(given)
  if (Number.isNaN(ms))
    throw new BadTaskError(`at: expected ISO 8601 or ms since 1970, got ${JSON.stringify(given)}`)
  if (ms >= 0 && ms <= Date.now() + century.ms) return ms
  throw new BadTaskError(
    `at: expected a time from 1970 to ${century.text} from now, got ${JSON.stringify(given)}`,
  )
}

function named<T>(convert: () => T): T {
  try {
    return convert()
  } catch (error) {
    throw new BadTaskError((error as Error).message, { cause: error })
  }
}

function describeForm(request: unknown): string | string[] {
  if (typeof request !== 'object' || request === null || Array.isArray(request))
    return 'expected an object with a task'
  const mistakes = requestValidator.Errors(request).map(({ instancePath, message, params }) => {
    const field = instancePath.slice(1).replaceAll('/', '.') || namesIn(params) || 'request'
    return `${field}: ${message.replace(/^must /, 'expected to ')}`
  })
  return [...new Set(mistakes)].slice(0, 5)
}

function namesIn(params: object): string {
  return Object.values(params)
    .flat()
    .filter((each) => typeof each === 'string')
    .join(', ')
}
