import { pino } from 'pino'
import { heldKey, taskKeys, taskList } from '../../src/queue/names.js'
import { recoverDead } from '../../src/queue/recover-dead.js'
import { TaskConsumer } from '../../src/queue/task-consumer.js'
import { decodeElement, referenceTo } from '../../src/queue/task-element.js'
import { newTaskId, parsePublicId, type Priority } from '../../src/queue/task-id.js'
import { TaskQueue } from '../../src/queue/task-queue.js'
import { Connections } from '../../src/redis/connections.js'
import type { TestRedis } from './redis.js'
import { aDay, outcomeOf, type OutcomeKind } from './task-outcomes.js'

export const consumerNames = ['ann', 'bob'] as const
type Name = (typeof consumerNames)[number]

export type Action =
  | { do: 'enqueue'; priority: Priority; delayed: boolean }
  | { do: 'reserve'; consumer: Name; count: number }
  | { do: 'hand' | 'die' | 'leave'; consumer: Name }
  | { do: 'adopt'; consumer: Name; which: number }
  | { do: 'settle'; consumer: Name; which: number; outcome: OutcomeKind; stale: boolean }
  | { do: 'cancel' | 'revive'; which: number }
  | { do: 'push'; value: string }
  | { do: 'let time pass' | 'pause' | 'resume' }

type Place =
  'waiting' | 'delayed' | 'dead' | 'done' | 'cancelled' | 'removed' | `${'handed' | 'held'} ${Name}`

interface ModelTask {
  place: Place
  failed: number
  /** To be cancelled by whoever has it. */
  isFlagged: boolean
  /** Delayed, and its time has come. */
  isDue?: boolean
}

/** Attempts of each task in all. */
const attempts = 3
const log = pino({ enabled: false })
const retention = { resultTtlMs: aDay, deadMax: 1000, deadTtlMs: aDay }

/** A real queue on a real Redis, and beside it a model so simple that it can be believed. */
export class QueueUnderTest {
  readonly list = taskList('model')
  readonly keys = taskKeys(this.list)
  readonly queue: TaskQueue
  readonly consumers: Record<Name, TaskConsumer>
  tasks = new Map<string, ModelTask>()
  /** Elements that a consumer was handed and has not adopted, or adopted and may adopt again. */
  handed: Record<Name, { element: string; bareId: string }[]> = { ann: [], bob: [] }
  isPaused = false
  bare = 0
  revivals = 0

  private constructor(readonly redis: Connections) {
    this.queue = new TaskQueue(redis.commands, 'model', { maxLength: 0, maxBytes: 0, onceMs: aDay })
    const consumer = (name: Name) => new TaskConsumer(redis.commands, { queue: 'model', id: name }, retention)
    this.consumers = { ann: consumer('ann'), bob: consumer('bob') }
  }

  static async connect({ url }: TestRedis): Promise<QueueUnderTest> {
    const redis = new Connections(url, { log, fatal: () => undefined })
    await redis.ready(5000)
    return new QueueUnderTest(redis)
  }

  close(): void {
    this.redis.close()
  }

  async reset(): Promise<void> {
    await this.redis.commands.flushall()
    this.tasks = new Map()
    this.handed = { ann: [], bob: [] }
    this.isPaused = false
    this.bare = 0
    this.revivals = 0
    for (const name of consumerNames) await this.consumers[name].heartbeat(aDay)
  }

  task(which: number): [string, ModelTask] | undefined {
    const all = [...this.tasks]
    return all[which % all.length]
  }

  move(from: Place, to: Place): void {
    for (const task of this.tasks.values()) if (task.place === from) task.place = to
  }

  count(...places: Place[]): number {
    return [...this.tasks.values()].filter(({ place }) => places.includes(place)).length
  }

  /** Cancelled in a consumer's hand it is there still, and there again when it is revived. */
  async handedTo(id: string): Promise<Place | undefined> {
    for (const name of consumerNames) {
      const held = await this.redis.commands.lrange(heldKey(this.list, name), 0, -1)
      if (held.some((element) => idIn(element) === id)) return `handed ${name}`
    }
    return undefined
  }

  async isHandedInline(id: string): Promise<boolean> {
    const lists = await Promise.all(
      consumerNames.map((name) => this.redis.commands.lrange(heldKey(this.list, name), 0, -1)),
    )
    const elements = lists.flat().map(decodeElement)
    return id in (await this.redis.commands.hgetall(this.keys.tasks))
      ? elements.some((element) => element.kind === 'inline' && element.id === id)
      : false
  }

  /** Where everything is, and where the model says it should be. */
  async compare(): Promise<{ found: unknown; expected: unknown }> {
    const { commands } = this.redis
    const [values, stats] = await Promise.all([
      commands.hgetall(this.keys.tasks),
      commands.hgetall(this.keys.stats),
    ])
    const found = await this.#places(values)
    const here = [...this.tasks].filter(([, { place }]) => !['done', 'cancelled', 'removed'].includes(place))
    const ghosts = found.ghosts - (await commands.scard(this.keys.ghosts))
    const bytes = Object.values(values).reduce((sum, value) => sum + Buffer.byteLength(value), 0)
    return {
      found: {
        places: Object.fromEntries(found.places),
        isTwice: found.isTwice,
        bare: found.bare,
        values: Object.keys(values).sort(),
        active: Number(stats.active ?? 0),
        ghosts,
        bytes: Number(stats.bytes ?? 0),
        accepted: Number(stats.accepted ?? 0),
        done: Number(stats.done ?? 0),
        gone: Number(stats.removed ?? 0) + Number(stats.cancelled ?? 0),
      },
      expected: {
        places: Object.fromEntries(here.map(([id, { place }]) => [id, place])),
        isTwice: [],
        bare: this.bare,
        values: here.map(([id]) => id).sort(),
        active: this.count('held ann', 'held bob'),
        ghosts: 0,
        bytes,
        accepted: this.tasks.size + this.revivals,
        done: this.count('done'),
        gone: this.count('cancelled', 'removed') + this.revivals,
      },
    }
  }

  async #places(values: Record<string, string>) {
    const { commands } = this.redis
    const places = new Map<string, Place>()
    const isTwice: string[] = []
    let [bare, ghosts] = [0, 0]
    const put = (id: string, place: Place) => {
      if (!(id in values)) ghosts += 1
      else if (places.has(id)) isTwice.push(id)
      else places.set(id, place)
    }
    const putAll = (elements: string[], placeOf: (kind: string) => Place) => {
      for (const element of elements) {
        const decoded = decodeElement(element)
        if ('id' in decoded) put(decoded.id, placeOf(decoded.kind))
        else if (decoded.kind === 'bare') bare += 1
      }
    }
    for (const list of [this.keys.list, this.keys.high, this.keys.low]) {
      putAll(await commands.lrange(list, 0, -1), () => 'waiting')
    }
    for (const name of consumerNames) {
      const held = await commands.lrange(heldKey(this.list, name), 0, -1)
      putAll(held, (kind) => (kind === 'started' ? `held ${name}` : `handed ${name}`))
    }
    for (const set of this.keys.delayed) {
      for (const id of await commands.zrange(set, '0', '-1')) put(id, 'delayed')
    }
    for (const id of await commands.zrange(this.keys.dead, '0', '-1')) put(id, 'dead')
    return { places, isTwice, bare, ghosts }
  }
}

function idIn(element: string): string | undefined {
  const decoded = decodeElement(element)
  return 'id' in decoded ? decoded.id : undefined
}

/** Does it to the queue, and what should come of it to the model. */
export async function act(on: QueueUnderTest, action: Action): Promise<void> {
  switch (action.do) {
    case 'enqueue':
      return enqueue(on, action)
    case 'reserve':
      return reserve(on, action)
    case 'hand':
      return hand(on, action.consumer)
    case 'adopt':
      return adopt(on, action)
    case 'settle':
      return settle(on, action)
    case 'die':
      return die(on, action.consumer)
    case 'leave':
      return leave(on, action.consumer)
    case 'cancel':
      return cancel(on, action.which)
    case 'revive':
      return revive(on, action.which)
    case 'push':
      await on.redis.commands.lpush(on.list, action.value)
      on.bare += 1
      return
    case 'let time pass':
      return letTimePass(on)
    case 'pause':
      on.isPaused = true
      return on.queue.pause()
    case 'resume':
      on.isPaused = false
      return on.queue.resume()
  }
}

type Of<Verb> = Extract<Action, { do: Verb }>

async function enqueue(on: QueueUnderTest, { priority, delayed }: Of<'enqueue'>): Promise<void> {
  const options = { a: attempts, b: { type: 'fixed', delayMs: aDay } } as const
  const enqueued = await on.queue.enqueue({
    name: 'any',
    data: '{}',
    options,
    priority,
    ...(delayed && { delayMs: aDay }),
  })
  if (enqueued.outcome !== 'accepted') throw new Error('not accepted')
  const id = parsePublicId(enqueued.id)?.id ?? ''
  on.tasks.set(id, { place: delayed ? 'delayed' : 'waiting', failed: 0, isFlagged: false })
}

async function reserve(on: QueueUnderTest, { consumer, count }: Of<'reserve'>): Promise<void> {
  const { tasks, state } = await on.consumers[consumer].reserve(count)
  if (on.isPaused !== (state === 'paused')) throw new Error(`state ${state}, paused: ${on.isPaused}`)
  for (const { id, name } of tasks) {
    if (name === '' && !on.tasks.has(id)) takeBare(on, id, 'waiting')
    const task = on.tasks.get(id)
    if (!task || !canBeTaken(task)) throw new Error(`reserved ${id}, which is ${task?.place}`)
    task.place = `held ${consumer}`
  }
  if (count === 0) await noteBrought(on)
  requireStrictPriority(
    on,
    tasks.map(({ id }) => id),
    count,
  )
}

const canBeTaken = ({ place, isDue = false }: ModelTask) =>
  place === 'waiting' || (place === 'delayed' && isDue)

// What is due is brought to the waiting lists only where somebody may be idle.
async function noteBrought(on: QueueUnderTest): Promise<void> {
  const still = await Promise.all(on.keys.delayed.map((set) => on.redis.commands.zrange(set, '0', '-1')))
  for (const [id, task] of on.tasks) {
    if (task.place === 'delayed' && task.isDue && !still.flat().includes(id)) task.place = 'waiting'
  }
}

// What is left has no higher priority than what was taken; a ring or a ghost may have taken a place.
function requireStrictPriority(on: QueueUnderTest, taken: string[], count: number): void {
  if (taken.length === 0 || count === 0) return
  const rank = (id: string) => 'hnl'.indexOf(id.charAt(0))
  const lowest = Math.max(...taken.map(rank))
  for (const [id, task] of on.tasks) {
    if (canBeTaken(task) && rank(id) < lowest) throw new Error(`${id} was passed over`)
  }
}

function takeBare(on: QueueUnderTest, id: string, place: Place): void {
  on.bare -= 1
  on.tasks.set(id, { place, failed: 0, isFlagged: false })
}

async function hand(on: QueueUnderTest, consumer: Name): Promise<void> {
  const { commands } = on.redis
  const element = await commands.lmove(on.list, heldKey(on.list, consumer), 'RIGHT', 'LEFT')
  if (element === null) return
  on.handed[consumer].push({ element, bareId: newTaskId() })
  const decoded = decodeElement(element)
  const task = 'id' in decoded ? on.tasks.get(decoded.id) : undefined
  if (task?.place === 'waiting') task.place = `handed ${consumer}`
}

// Also a second time, as when the first answer was lost.
async function adopt(on: QueueUnderTest, { consumer, which }: Of<'adopt'>): Promise<void> {
  const handed = on.handed[consumer][which % on.handed[consumer].length]
  if (!handed) return
  const decoded = decodeElement(handed.element)
  const { state } = await on.consumers[consumer].adopt(handed.element, handed.bareId)
  const id = 'id' in decoded ? decoded.id : handed.bareId
  const task = on.tasks.get(id)
  if (decoded.kind === 'bare' && !task && state !== 'lost')
    takeBare(on, id, place(on, consumer, decoded.kind))
  else if (task && isWith(task, consumer) && decoded.kind !== 'ring') {
    const isStarted = task.place === `held ${consumer}`
    if (!isStarted) task.place = place(on, consumer, decoded.kind)
    const isPaused = on.isPaused && !isStarted && decoded.kind !== 'inline'
    if (isPaused !== (state === 'paused')) throw new Error(state)
  } else if (state === 'held') throw new Error(`adopted ${id}, which is ${task?.place}`)
}

function place({ isPaused }: QueueUnderTest, consumer: Name, kind: string): Place {
  return isPaused && kind !== 'inline' ? 'waiting' : `held ${consumer}`
}

function isWith({ place: at }: ModelTask, consumer: Name): boolean {
  return at === `held ${consumer}` || at === `handed ${consumer}`
}

async function settle(on: QueueUnderTest, { consumer, which, outcome, stale }: Of<'settle'>): Promise<void> {
  const [id, task] = on.task(which) ?? []
  if (!id || !task) return
  const attempt = task.failed + (stale ? 0 : 1)
  const lost = await on.consumers[consumer].settle([{ id, attempt, outcome: outcomeOf(outcome, attempt) }])
  const isOurs = lost.length === 0
  const should = task.place === `held ${consumer}` && !stale
  if (isOurs !== should) throw new Error(`settled: ${isOurs}, but ${id} is ${task.place}`)
  if (!should) return
  applyOutcome(task, task.isFlagged && outcome !== 'done' ? 'cancelled' : outcome)
  if ((task.place as string) !== 'parked') return
  task.place = `handed ${consumer}`
  on.handed[consumer].push({ element: referenceTo(id), bareId: id })
}

function applyOutcome(task: ModelTask, outcome: OutcomeKind): void {
  task.isFlagged = false
  task.isDue = false
  if (outcome === 'retry' || outcome === 'dead') task.failed += 1
  const places = { return: 'waiting', postpone: 'delayed', retry: 'delayed', park: 'parked' } as const
  task.place = outcome in places ? places[outcome as 'return'] : (outcome as 'done' | 'dead' | 'cancelled')
}

// Its lease ends, the other one notices, and it comes back to life.
async function die(on: QueueUnderTest, consumer: Name): Promise<void> {
  const other = on.consumers[consumer === 'ann' ? 'bob' : 'ann']
  await on.redis.commands.zadd(on.keys.consumers, 1, consumer)
  await other.heartbeat(aDay)
  await recoverDead(other, { log, policyOf: () => undefined })
  for (const task of on.tasks.values()) {
    if (task.place === `handed ${consumer}`) task.place = 'waiting'
    if (task.place !== `held ${consumer}`) continue
    const isLast = task.failed + 1 >= attempts
    applyOutcome(task, task.isFlagged ? 'cancelled' : isLast ? 'dead' : 'retry')
  }
  await on.consumers[consumer].heartbeat(aDay)
}

async function leave(on: QueueUnderTest, consumer: Name): Promise<void> {
  await on.consumers[consumer].leave()
  on.move(`handed ${consumer}`, 'waiting')
  on.move(`held ${consumer}`, 'waiting')
  await on.consumers[consumer].heartbeat(aDay)
}

async function cancel(on: QueueUnderTest, which: number): Promise<void> {
  const [id, task] = on.task(which) ?? []
  if (!id || !task) return
  // Handed over with its value along, it is started at once.
  const isHeld = task.place.startsWith('held') || (await on.isHandedInline(id))
  const outcome = await on.queue.cancel(id, aDay)
  const isOver = ['done', 'cancelled', 'removed'].includes(task.place)
  const expected = isOver ? 'finished' : isHeld ? 'active' : 'removed'
  if (outcome !== expected) throw new Error(`cancelled ${id}, which is ${task.place}: ${outcome}`)
  if (isHeld) task.isFlagged = true
  else if (!isOver) task.place = 'removed'
}

async function revive(on: QueueUnderTest, which: number): Promise<void> {
  const [id, task] = on.task(which) ?? []
  if (!id || !task) return
  const place = (await on.handedTo(id)) ?? 'waiting'
  const outcome = await on.queue.revive(id)
  const can = ['dead', 'cancelled', 'removed'].includes(task.place)
  if ((outcome === 'waiting') !== can) throw new Error(`revived ${id}, which is ${task.place}: ${outcome}`)
  if (!can) return
  if (task.place !== 'dead') on.revivals += 1
  Object.assign(task, { place, failed: 0, isFlagged: false })
}

async function letTimePass(on: QueueUnderTest): Promise<void> {
  const { commands } = on.redis
  for (const set of on.keys.delayed) {
    for (const id of await commands.zrange(set, '0', '-1')) await commands.zadd(set, 1, id)
  }
  for (const task of on.tasks.values()) if (task.place === 'delayed') task.isDue = true
}
