import { readFileSync } from 'node:fs'
import type { Redis, Result } from 'ioredis'

type Argument = string | number

declare module 'ioredis' {
  interface RedisCommander<Context> {
    push(list: string, ...limitIfExistsValues: Argument[]): Result<[outcome: string, length: number], Context>
    enqueueTasks(
      list: string,
      ...args: Argument[]
    ): Result<[accepted: number, now: number, length: number, seen: string], Context>
    reserveTasks(
      list: string,
      ...args: Argument[]
    ): Result<[now: number, state: string, nextDue: string, ...string[]], Context>
    adoptTask(list: string, ...args: Argument[]): Result<[state: string, now: number, ...string[]], Context>
    reserveTasksBuffer(
      list: string,
      ...args: Argument[]
    ): Result<[now: number, state: Buffer, nextDue: Buffer, ...Buffer[]], Context>
    enqueueValue(
      list: string,
      ...args: (Argument | Buffer)[]
    ): Result<[accepted: number, length: number], Context>
    giveBackTasks(list: string, ...args: Argument[]): Result<string[], Context>
    settleTasks(list: string, ...args: Argument[]): Result<[now: number, ...number[]], Context>
    heartbeat(
      list: string,
      ...args: Argument[]
    ): Result<
      [now: number, held: number, nextDue: string, dead: number, waiting: number, ...string[]],
      Context
    >
    recoverTasks(list: string, ...args: Argument[]): Result<[now: number, dead: string, ...string[]], Context>
    leaveQueue(list: string, ...args: Argument[]): Result<number, Context>
    noteProgress(list: string, ...args: Argument[]): Result<number, Context>
    returnValue(list: string, ...args: Argument[]): Result<number, Context>
    recoverValues(list: string, ...args: Argument[]): Result<number, Context>
    pauseQueue(list: string): Result<number, Context>
    cancelTask(list: string, ...args: Argument[]): Result<string, Context>
    purgeTasks(list: string, ...args: Argument[]): Result<[removed: number, looked: number], Context>
    reviveTask(list: string, ...args: Argument[]): Result<string, Context>
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
  /** Whether it works on a task queue's satellites: needs `names.lua`. */
  satellites: boolean
  /** Whether it ends tasks: needs `results.lua`. */
  results?: boolean
  /** Whether it takes values in or hands them out: needs `expiry.lua`. */
  expiry?: boolean
}

/** Command → script file, and whether it works on a task queue's satellites. */
const commands = {
  push: { file: 'push', satellites: false },
  enqueueTasks: { file: 'enqueue', satellites: true },
  reserveTasks: { file: 'reserve', satellites: true, expiry: true },
  adoptTask: { file: 'adopt', satellites: true, expiry: true },
  enqueueValue: { file: 'enqueue-value', satellites: true, expiry: true },
  giveBackTasks: { file: 'give-back', satellites: true },
  settleTasks: { file: 'settle', satellites: true, results: true },
  heartbeat: { file: 'heartbeat', satellites: true },
  recoverTasks: { file: 'recover', satellites: true },
  leaveQueue: { file: 'leave', satellites: true },
  noteProgress: { file: 'progress', satellites: true },
  returnValue: { file: 'return-value', satellites: true },
  recoverValues: { file: 'recover-values', satellites: true },
  pauseQueue: { file: 'pause', satellites: true },
  cancelTask: { file: 'cancel', satellites: true, results: true },
  purgeTasks: { file: 'purge', satellites: true },
  reviveTask: { file: 'revive', satellites: true },
  enqueueRun: { file: 'enqueue-run', satellites: true },
  closeSchedule: { file: 'close-schedule', satellites: true },
  putSchedule: { file: 'put-schedule', satellites: true },
  deleteSchedule: { file: 'delete-schedule', satellites: true },
  takeDue: { file: 'take-due', satellites: true },
  advanceSchedule: { file: 'advance-schedule', satellites: true },
} as const satisfies Record<string, Script>

const loaded = Object.entries<Script>(commands).map(([name, { file, satellites, results, expiry }]) => {
  const parts = [satellites && 'names', results && 'results', expiry && 'expiry', file]
  const lua = parts.flatMap((part) => (part ? read(part) : [])).join('\n')
  const numberOfKeys = read(file).match(/^-- KEYS\[\d+\]/gm)?.length ?? 0
  return { name, definition: { lua, numberOfKeys } }
})

/** Gives a connection the queue's scripts as commands. Calling it again changes nothing. */
export function withScripts(redis: Redis): Redis {
  for (const { name, definition } of loaded) redis.defineCommand(name, definition)
  return redis
}

function read(file: string): string {
  return readFileSync(new URL(`./scripts/${file}.lua`, import.meta.url), 'utf8')
}
