import { type Registry, toHandler } from '../handlers/registry.js'
import { isTask, type Task } from '../handlers/task.js'
import { isQueueName } from '../queue/names.js'
import { parseRedisUrl } from '../redis-url.js'

/** Refuses what is no Redis URL, without repeating it: it may hold a password. @throws {TypeError} */
export function checkRedisUrl(given: unknown): void {
  try {
    parseRedisUrl(String(given))
  } catch (error) {
    throw new TypeError(`redisUrl: ${(error as Error).message}`, { cause: error })
  }
}

/** Refuses what cannot be the name of a queue or a schedule. @throws {TypeError} naming the option */
export function checkName(option: string, given: unknown): void {
  if (typeof given === 'string' && isQueueName(given)) return
  throw mistake(option, 'up to 100 letters, digits, dots, colons, dashes and underscores', given)
}

/** Refuses what is not a list of queues with one at least. @throws {TypeError} naming the option, or which of it */
export function checkQueues(option: string, given: unknown): void {
  if (!Array.isArray(given) || given.length === 0) throw mistake(option, 'the names of some queues', given)
  given.forEach((name, index) => checkName(`${option}.${index}`, name))
}

/** Refuses what is not a whole number in bounds. @throws {TypeError} naming the option */
export function checkWhole(option: string, given: unknown, [least, most]: [number, number]): void {
  if (Number.isSafeInteger(given) && Number(given) >= least && Number(given) <= most) return
  throw mistake(option, `a whole number from ${least} to ${most}`, given)
}

/**
 * Handlers by name, from what {@link task} returned.
 *
 * @throws {TypeError} naming the handler, and its setting that is wrong
 */
export function toRegistry(tasks: Record<string, Task>): Registry {
  if (typeof tasks !== 'object' || tasks === null) throw mistake('tasks', 'handlers by name', tasks)
  return new Map(Object.entries(tasks).map(([name, task]) => [name, checkedHandler(name, task)]))
}

function checkedHandler(name: string, task: unknown) {
  if (!isTask(task)) throw mistake(`tasks.${name}`, 'what task({ … }) returns', task)
  try {
    return toHandler(name, task)
  } catch (error) {
    throw new TypeError(`tasks.${name}.${(error as Error).message}`, { cause: error })
  }
}

function mistake(option: string, expected: string, given: unknown): TypeError {
  const got = typeof given === 'number' ? given : (JSON.stringify(given) ?? typeof given)
  return new TypeError(`${option}: expected ${expected}, got ${String(got).slice(0, 200)}`)
}
