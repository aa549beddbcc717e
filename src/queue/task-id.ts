import { randomBytes } from 'node:crypto'

/** The first letter of an id says in which of a queue's lists the task waits. */
export type Priority = 'high' | 'normal' | 'low'

/** Characters of an id. */
export const idLength = 17

// In ASCII order, so that ids sort by time.
const alphabet = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz'
const maxCount = 64 ** 4

const processPart = encode(randomBytes(3).readUIntBE(0, 3), 4)
let count = randomBytes(3).readUIntBE(0, 3)
let timeMs = 0
let timePart = ''

/**
 * A new id, unique across machines: priority, time, count and process, 17 characters. It sorts by time of
 * making, roughly, for machines' clocks differ; nothing is decided by it.
 */
export function newTaskId(priority: Priority = 'normal', nowMs = Date.now()): string {
  if (nowMs !== timeMs) {
    timeMs = nowMs
    timePart = encode(nowMs, 8)
  }
  count = (count + 1) % maxCount
  return priority.charAt(0) + timePart + encode(count, 4) + processPart
}

let lastRead = { part: '', ms: 0 }

/** When an id was made, ms since 1970 by the clock of the process that made it. Ids of a batch mostly share it. */
export function timeOf(id: string): number {
  const part = id.slice(1, 9)
  if (part !== lastRead.part) lastRead = { part, ms: decode(part) }
  return lastRead.ms
}

/** Whether this has the form of an id. */
export const isTaskId = (text: string): boolean => /^[hnl][\w-]{16}$/.test(text)

/** Ids that follow each other in one text. */
export function splitIds(text: string): string[] {
  return Array.from({ length: text.length / idLength }, (_, index) =>
    text.slice(index * idLength, (index + 1) * idLength),
  )
}

/** 16 characters, unique to a call: from these a script makes ids for bare values. */
export const newSeed = (): string => newTaskId().slice(1)

/** The priority that an id was made with. */
export function priorityOf(id: string): Priority {
  return id.startsWith('h') ? 'high' : id.startsWith('l') ? 'low' : 'normal'
}

function encode(value: number, length: number): string {
  let text = ''
  for (let rest = value; text.length < length; rest = Math.floor(rest / 64)) {
    text = alphabet.charAt(rest % 64) + text
  }
  return text
}

function decode(text: string): number {
  let value = 0
  for (const character of text) value = value * 64 + alphabet.indexOf(character)
  return value
}

/** A task's public id: its queue's name and its own id. */
export const publicId = (queue: string, id: string): string => `${queue}.${id}`

/** The parts of a public id; undefined for anything that is not one. */
export function parsePublicId(text: string): { queue: string; id: string } | undefined {
  const [, queue, id] = /^(.+)\.([hnl][\w-]{16})$/.exec(text) ?? []
  return queue && id ? { queue, id } : undefined
}
