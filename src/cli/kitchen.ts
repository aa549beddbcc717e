import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { QueueFullError, RedisUnavailableError, task, TaskQueue, Worker } from '../index.js'
import type { Command, CommandContext, Given } from './command.js'
import { durationOption, integerOption } from './options.js'
import { text } from './result-line.js'

const queueName = 'kitchen'
/** How often a cook looks whether there is room again. */
const roomPollMs = 100

const dishes = ['soup', 'dumplings', 'noodles', 'curry', 'salad', 'pancakes']

const countOf = (given: Given, name: string, otherwise: number) =>
  integerOption(given, name, { min: 1, max: 100, otherwise })
const paceOf = (given: Given) => durationOption(given, 'pace', { most: '1h', otherwise: '1s' })

/** `servery kitchen`: cooks and diners around a hatch that holds ten dishes; the smallest example of the library. */
export const kitchen: Command = {
  summary: 'Watch cooks and diners at a hatch that holds 10 dishes; Ctrl-C ends it.',
  details: [
    'Cooks wait while it is full, diners while it is empty. What is left over is there the next time.',
  ],
  options: {
    cooks: { type: 'string', hint: '<n>', about: 'producers; 3 unless given' },
    diners: { type: 'string', hint: '<n>', about: 'consumers; 2 unless given' },
    room: { type: 'string', hint: '<n>', about: 'dishes that the hatch holds; 10 unless given' },
    pace: {
      type: 'string',
      hint: '<time>',
      about: 'how long a dish takes, to cook and to eat; 1s unless given',
    },
  },
  check(given) {
    for (const name of ['cooks', 'diners', 'room']) countOf(given, name, 1)
    paceOf(given)
  },
  async run(context) {
    const { given, redisUrl, print } = context
    const hatch = new TaskQueue({ redisUrl, name: queueName, maxLength: countOf(given, 'room', 10) })
    const diners = numbers(countOf(given, 'diners', 2)).map((number) => newDiner(number, hatch, context))
    for (const diner of diners) await diner.start()
    try {
      await Promise.all(numbers(countOf(given, 'cooks', 3)).map((number) => cook(number, hatch, context)))
    } finally {
      // The cooks have gone; the diners finish what is before them.
      await Promise.all(diners.map((diner) => diner.stop()))
      print(`The kitchen is closed, ${await left(hatch)}`)
      hatch.close()
    }
    return 0
  },
}

/** A producer: makes one dish after the other and puts it into the queue. */
async function cook(
  number: number,
  hatch: TaskQueue,
  { given, signal, print }: CommandContext,
): Promise<void> {
  for (let made = 1; !signal.aborted; made += 1) {
    await pause(someOf(paceOf(given)), signal)
    const dish = `${dishes[(number + made) % dishes.length]} ${number}.${made}`
    const isServed = await serve({ dish, cook: number }, hatch, {
      signal,
      onFull: () => print(`Cook ${number} waits for room`),
    })
    if (isServed) print(`Cook ${number} made ${dish}, ${await left(hatch)}`)
  }
}

interface Dish {
  dish: string
  cook: number
}

/** Puts a dish into the queue, as soon as there is room; false if the kitchen closes before that. */
async function serve(
  dish: Dish,
  hatch: TaskQueue,
  { signal, onFull }: { signal: AbortSignal; onFull: () => void },
): Promise<boolean> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    try {
      await hatch.enqueue('eat', dish)
      return true
    } catch (error) {
      const isFull = error instanceof QueueFullError
      if (isFull && tries === 1) onFull()
      if (!isFull && !(error instanceof RedisUnavailableError)) throw error
      await pause(roomPollMs, signal)
    }
  }
  return false
}

/** A consumer: takes one dish at a time and eats it. */
function newDiner(number: number, hatch: TaskQueue, { given, redisUrl, print }: CommandContext): Worker {
  const eat = task({
    input: Type.Object({ dish: Type.String(), cook: Type.Integer() }),
    async run({ dish, cook }, { signal }) {
      await sleep(someOf(paceOf(given)), undefined, { signal })
      print(`Diner ${number} ate ${text(dish)} made by cook ${cook}, ${await left(hatch)}`)
    },
  })
  return new Worker({
    redisUrl,
    queues: [queueName],
    tasks: { eat },
    concurrency: 1,
    name: `diner-${number}`,
  })
}

async function left(hatch: TaskQueue): Promise<string> {
  const counts = await hatch.counts().catch(() => undefined)
  return counts ? `${counts.waiting} left` : 'nobody knows how many are left'
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1)

/** From half as long to half as long again. */
const someOf = (ms: number): number => ms * (0.5 + Math.random())

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)
