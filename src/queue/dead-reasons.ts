import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { withScripts } from './scripts.js'

/** Of what one dead task died; texts are cut to 200 bytes. */
export interface DeadReason {
  /** Its own id. */
  id: string
  /** Name of the handler; empty for a bare value. */
  task: string
  errorName: string
  message: string
}

/** Dead tasks of the same task and error. */
export interface DeadGroup {
  task: string
  /** What {@link errorOf} makes of each. */
  error: string
  count: number
}

/** Which dead tasks: all, or those of a task, or of a task and an error. */
export interface DeadMatch {
  task?: string
  error?: string
}

/** Dead tasks that are looked at for a page: the newest. */
export const groupedAtMost = 1000
const perCall = 100

/** The error by which dead tasks are grouped: its name and message, numbers and ids in it left out. */
function errorOf({ errorName, message }: DeadReason): string {
  const [line = ''] = message.split('\n')
  return `${errorName}: ${line.replace(/[0-9a-f]{8,}|\d+/gi, '#')}`
}

/** Whether a dead task is one of those meant. */
export function isMatch(reason: DeadReason, { task, error }: DeadMatch): boolean {
  return (task === undefined || task === reason.task) && (error === undefined || error === errorOf(reason))
}

/** Of what dead tasks died, the newest first, in calls that hold Redis up for a few ms each. One round trip per 100. */
export async function deadReasons(redis: RedisClient, list: string, count: number): Promise<DeadReason[]> {
  const client = withScripts(redis)
  const found: DeadReason[] = []
  while (found.length < count) {
    const flat = await client.deadReasons(list, found.length, perCall).catch(redisFailure(list))
    found.push(...toReasons(flat))
    if (flat.length < perCall * 4) break
  }
  return found.slice(0, count)
}

function toReasons(flat: string[]): DeadReason[] {
  return Array.from({ length: flat.length / 4 }, (_, index) => {
    const [id = '', task = '', errorName = '', message = ''] = flat.slice(index * 4, index * 4 + 4)
    return { id, task, errorName, message }
  })
}

/** Dead tasks by task and error, the largest group first. */
export function groupDead(reasons: DeadReason[]): DeadGroup[] {
  const groups = new Map<string, DeadGroup>()
  for (const reason of reasons) {
    const error = errorOf(reason)
    const key = `${reason.task}\n${error}`
    const group = groups.get(key) ?? { task: reason.task, error, count: 0 }
    group.count += 1
    groups.set(key, group)
  }
  return [...groups.values()].sort((one, other) => other.count - one.count)
}
