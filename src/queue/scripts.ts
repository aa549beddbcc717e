import { readFileSync } from 'node:fs'
import type { Result } from 'ioredis'
import type { RedisClient } from '../redis/client.js'

type Argument = string | number | Buffer

/** Of heartbeat.lua. */
export type HeartbeatReply = [
  now: number,
  held: number,
  nextDue: string,
  dead: number,
  waiting: number,
  ...string[],
]

declare module 'ioredis' {
  interface RedisCommander<Context> {
    push(list: string, ...args: Argument[]): Result<(number | string)[], Context>
    enqueueTasks(
      list: string,
      ...args: Argument[]
    ): Result<[accepted: number, now: number, length: number, seen: string], Context>
    reserveTasks(
      list: string,
      ...args: Argument[]
    ): Result<
      [now: number, state: string, nextDue: string, ids?: string, tries?: string, values?: string],
      Context
    >
    adoptTask(list: string, ...args: Argument[]): Result<[state: string, now: number, ...string[]], Context>
    reserveTasksBuffer(
      list: string,
      ...args: Argument[]
    ): Result<
      [now: number, state: Buffer, nextDue: Buffer, ids?: Buffer, tries?: Buffer, values?: Buffer],
      Context
    >
    enqueueValue(
      list: string,
      ...args: (Argument | Buffer)[]
    ): Result<[accepted: number, length: number], Context>
    giveBackTasks(list: string, ...args: Argument[]): Result<string[], Context>
    settleTasks(list: string, ...args: Argument[]): Result<[now: number, ...number[]], Context>
    heartbeat(list: string, ...args: Argument[]): Result<HeartbeatReply, Context>
    heartbeats(lists: number, ...args: Argument[]): Result<HeartbeatReply[], Context>
    recoverTasks(list: string, ...args: Argument[]): Result<[now: number, dead: string, ...string[]], Context>
    leaveQueue(list: string, ...args: Argument[]): Result<number, Context>
    keepLease(list: string, ...args: Argument[]): Result<[now: number, held: number], Context>
    noteTasks(list: string, ...args: Argument[]): Result<number, Context>
    auditQueue(
      list: string,
    ): Result<
      [known: number, waiting: number, delayed: number, dead: number, held: number, ...string[]],
      Context
    >
    findHolder(list: string, id: string): Result<string | null, Context>
    returnValue(list: string, ...args: Argument[]): Result<number, Context>
    recoverValues(list: string, ...args: Argument[]): Result<number, Context>
    pauseQueue(list: string): Result<number, Context>
    resumeQueue(list: string): Result<number, Context>
    cancelTask(list: string, ...args: Argument[]): Result<string, Context>
    purgeTasks(list: string, ...args: Argument[]): Result<[removed: number, looked: number], Context>
    reviveTask(list: string, ...args: Argument[]): Result<string, Context>
    runTaskNow(list: string, id: string): Result<string, Context>
    deadReasons(list: string, ...args: Argument[]): Result<string[], Context>
    enqueueRun(list: string, ...args: Argument[]): Result<[outcome: string, now: number, id: string], Context>
    closeSchedule(list: string, ...args: Argument[]): Result<number, Context>
    putSchedule(
      schedules: string,
      ...args: Argument[]
    ): Result<[outcome: string, revision: number, before: string], Context>
    deleteSchedule(schedules: string, name: string): Result<[revision: number, value: string], Context>
    takeDue(schedules: string, ...args: Argument[]): Result<[now: number, next: string, ...string[]], Context>
    advanceSchedule(schedules: string, ...args: Argument[]): Result<number, Context>
  }
}

interface Script {
  file: string
  /** What is put in front of it: parts that several scripts share. */
  uses: readonly Part[]
  /** Whether it is run for each of the keys given, as many as there are; then their number comes before them. */
  isForEachKey?: boolean
}

const parts = ['names', 'holders', 'put-back', 'patience', 'traffic', 'events', 'dead', 'expiry'] as const
type Part = (typeof parts)[number]

/** Command → script. */
const commands = {
  push: { file: 'push', uses: [] },
  enqueueTasks: { file: 'enqueue', uses: ['names', 'traffic', 'events'] },
  enqueueValue: { file: 'enqueue-value', uses: ['names', 'traffic', 'events', 'expiry'] },
  reserveTasks: { file: 'reserve', uses: ['names', 'events', 'expiry'] },
  adoptTask: { file: 'adopt', uses: ['names', 'events', 'expiry'] },
  giveBackTasks: { file: 'give-back', uses: ['names', 'events'] },
  settleTasks: { file: 'settle', uses: ['names', 'traffic', 'events', 'dead'] },
  heartbeat: { file: 'heartbeat', uses: ['names', 'patience', 'traffic', 'dead'] },
  heartbeats: { file: 'heartbeat', uses: ['names', 'patience', 'traffic', 'dead'], isForEachKey: true },
  auditQueue: { file: 'audit', uses: ['names'] },
  recoverTasks: { file: 'recover', uses: ['names', 'patience', 'put-back'] },
  leaveQueue: { file: 'leave', uses: ['names', 'put-back'] },
  keepLease: { file: 'keep-lease', uses: ['names'] },
  noteTasks: { file: 'note', uses: ['names', 'events'] },
  findHolder: { file: 'find-holder', uses: ['names', 'holders'] },
  returnValue: { file: 'return-value', uses: ['names'] },
  recoverValues: { file: 'recover-values', uses: ['names'] },
  pauseQueue: { file: 'pause', uses: ['names'] },
  resumeQueue: { file: 'resume', uses: ['names'] },
  cancelTask: { file: 'cancel', uses: ['names', 'holders', 'events', 'expiry'] },
  purgeTasks: { file: 'purge', uses: ['names', 'expiry'] },
  reviveTask: { file: 'revive', uses: ['names', 'events'] },
  runTaskNow: { file: 'run-now', uses: ['names', 'events'] },
  deadReasons: { file: 'dead-reasons', uses: ['names'] },
  enqueueRun: { file: 'enqueue-run', uses: ['names', 'traffic', 'events'] },
  closeSchedule: { file: 'close-schedule', uses: ['names'] },
  putSchedule: { file: 'put-schedule', uses: ['names'] },
  deleteSchedule: { file: 'delete-schedule', uses: ['names'] },
  takeDue: { file: 'take-due', uses: ['names'] },
  advanceSchedule: { file: 'advance-schedule', uses: ['names'] },
} as const satisfies Record<string, Script>

const texts = new Map(parts.map((part) => [part, read(part)]))

const loaded = Object.entries<Script>(commands).map(([name, { file, uses, isForEachKey }]) => {
  const script = read(file)
  const lua = [...uses.map((part) => texts.get(part)), script].join('\n')
  if (isForEachKey) return { name, lua: forEachKey(lua) }
  const numberOfKeys = script.match(/^-- KEYS\[\d+\]/gm)?.length ?? 0
  return { name, numberOfKeys, lua }
})

function forEachKey(lua: string): string {
  const each = 'for i, key in ipairs(KEYS) do replies[i] = run({ key }, ARGV) end'
  return `local function run(KEYS, ARGV)\n${lua}\nend\nlocal replies = {}\n${each}\nreturn replies\n`
}

const equipped = new WeakSet<RedisClient>()

/** Gives a connection the queue's scripts as commands. Calling it again changes nothing. */
export function withScripts(redis: RedisClient): RedisClient {
  // Defined anew, a script would be sent whole again.
  if (equipped.has(redis)) return redis
  equipped.add(redis)
  const about = `local IS_CLUSTER = ${redis.isCluster}\n`
  for (const { name, lua, ...keys } of loaded) redis.defineCommand(name, { lua: about + lua, ...keys })
  return redis
}

function read(file: string): string {
  return readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8')
}
