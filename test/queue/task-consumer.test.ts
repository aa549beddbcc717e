import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { heldKey, taskKeys, taskList } from '../../src/queue/names.js'
import { recoverDead } from '../../src/queue/recover-dead.js'
import { TaskConsumer } from '../../src/queue/task-consumer.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, ownId, type Tasks } from '../support/tasks.js'

const redis = useRedis()

const list = taskList('default')
const keys = taskKeys(list)
const leaseMs = 5000
const recovering = { log: pino({ enabled: false }), policyOf: () => undefined }
const retention = { resultTtlMs: 60_000, deadMax: 3, deadTtlMs: 60_000 }
const failure = {
  attempt: 1,
  worker: 'ann',
  startedAt: 0,
  endedAt: 0,
  error: { name: 'Error', message: 'no' },
}

describe('a lease', () => {
  it('that ended while Redis was away is not held against its consumer', async () => {
    const { ann, bob, tasks } = await givenAnnAtWork()
    await letBeSilentFor(6000)

    expect(await bob.heartbeat(leaseMs)).toMatchObject({ dead: 0 })
    await recoverDead(bob, recovering)
    expect(await tasks.counts()).toMatchObject({ active: 1 })

    await ann.heartbeat(leaseMs)
    await redis.client.hset(keys.stats, 'patientUntil', '1')
    expect(await bob.heartbeat(leaseMs)).toMatchObject({ dead: 0 })
  })

  it('that ended, and was not renewed in the time for that, ends what its consumer held', async () => {
    const { bob, tasks, id } = await givenAnnAtWork()
    await letBeSilentFor(6000)
    await bob.heartbeat(leaseMs)
    await redis.client.hset(keys.stats, 'patientUntil', '1')

    expect(await bob.heartbeat(leaseMs)).toMatchObject({ dead: 1 })
    await recoverDead(bob, recovering)
    const record = await tasks.find(id)
    expect(record).toMatchObject({ state: 'retrying', attempt: 1, attempts: [{ worker: 'ann' }] })
  })

  it('that has ended lets nothing be taken', async () => {
    const { ann, tasks } = await givenAnnAtWork()
    await tasks.enqueue('work')
    await redis.client.zadd(keys.consumers, 1, 'ann')
    expect(await ann.reserve(1)).toMatchObject({ state: 'lost', tasks: [] })
  })
})

describe('a settlement that is sent again', () => {
  it('does not end a later attempt of the same consumer', async () => {
    const { ann, tasks, id } = await givenAnnAtWork()
    const settlement = {
      id: ownId(id),
      attempt: 1,
      outcome: { kind: 'retry', delayMs: 0, attempt: failure },
    } as const
    expect(await ann.settle([settlement])).toEqual([])
    expect((await ann.reserve(1)).tasks).toMatchObject([{ id: ownId(id), failed: 1 }])

    expect(await ann.settle([settlement])).toEqual([settlement])
    expect(await tasks.find(id)).toMatchObject({ state: 'active', attempt: 2 })
  })
})

describe('a bare value', () => {
  it('is not lost when an equal one was handed over meanwhile and the answer was lost', async () => {
    const { ann, tasks } = await givenConsumers()
    await redis.client.lpush(list, 'same', 'same')
    for (let handed = 0; handed < 2; handed += 1) {
      await redis.client.lmove(list, heldKey(list, 'ann'), 'RIGHT', 'LEFT')
    }
    for (const id of ['n0000000000000000', 'n0000000000000000', 'n0000000000000001']) {
      expect(await ann.adopt('same', id)).toMatchObject({ state: 'held', task: { id, data: 'same' } })
    }
    expect(await tasks.counts()).toMatchObject({ active: 2, accepted: 2 })
    expect(await ann.held()).toHaveLength(2)
  })
})

describe('a consumer that leaves', () => {
  it('gives back what it was handed without its knowledge', async () => {
    const { ann, bob, tasks } = await givenAnnAtWork()
    await tasks.enqueue('work', {}, { priority: 'low' })
    await ann.leave(true)
    expect(await ann.held()).toEqual([])
    expect((await bob.reserve(5)).tasks).toMatchObject([{ failed: 0 }, { failed: 0 }])
    expect(await tasks.audit()).toMatchObject({ held: 2, difference: 0 })
  })
})

describe('dead tasks', () => {
  it('are bounded in number: the oldest go, and are counted as removed', async () => {
    const { ann, tasks } = await givenConsumers()
    await tasks.enqueueMany(5, 'work')
    const reserved = await ann.reserve(5)
    for (const { id } of reserved.tasks)
      await ann.settle([{ id, outcome: { kind: 'dead', attempt: failure } }])
    expect(await tasks.counts()).toMatchObject({ dead: 3, removed: 2 })
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
    expect(await redis.client.hlen(keys.tasks)).toBe(3)
    expect(await redis.client.hlen(keys.tries)).toBe(3)
  })

  it('that wait again have failed all the same: what is counted since the queue exists never shrinks', async () => {
    const { ann, tasks, id } = await givenAnnAtWork()
    await ann.settle([{ id: ownId(id), attempt: 1, outcome: { kind: 'dead', attempt: failure } }])
    expect(await tasks.queue.revive(ownId(id))).toBe('waiting')
    expect(await tasks.counts()).toMatchObject({ waiting: 1, dead: 0, failed: 1 })
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
  })
})

describe('a finished task', () => {
  it('leaves nothing behind but its record, for as long as that is kept', async () => {
    const { ann, tasks, id } = await givenAnnAtWork()
    await ann.settle([
      { id: ownId(id), attempt: 1, outcome: { kind: 'retry', delayMs: 0, attempt: failure } },
    ])
    await ann.reserve(1)
    await ann.settle([{ id: ownId(id), attempt: 2, outcome: { kind: 'done', detail: '"ok"' } }])

    expect(await tasks.find(id)).toMatchObject({ state: 'done', attempts: [{ attempt: 1 }] })
    const left = (await redis.client.keys('*')).filter((key) => key.includes(ownId(id)))
    for (const key of left) expect(await redis.client.pttl(key)).toBeGreaterThan(0)
    for (const hash of [keys.tasks, keys.active, keys.tries]) expect(await redis.client.hlen(hash)).toBe(0)
    expect(await redis.client.hget(keys.stats, 'bytes')).toBe('0')
  })
})

async function givenConsumers() {
  const tasks = await givenTasks(redis)
  const consumer = (name: string) =>
    new TaskConsumer(tasks.connections.commands, { queue: 'default', id: name }, retention)
  const [ann, bob] = [consumer('ann'), consumer('bob')]
  for (const each of [ann, bob]) await each.heartbeat(leaseMs)
  return { tasks, ann, bob }
}

async function givenAnnAtWork(): Promise<{ tasks: Tasks; ann: TaskConsumer; bob: TaskConsumer; id: string }> {
  const given = await givenConsumers()
  const id = await given.tasks.enqueue('work')
  await given.ann.reserve(1)
  return { ...given, id }
}

/** As if nobody had been heard of for so long, and all leases had ended meanwhile. */
async function letBeSilentFor(ms: number): Promise<void> {
  const [seconds] = await redis.client.time()
  const then = Number(seconds) * 1000 - ms
  await redis.client.hset(keys.stats, 'heardAt', then)
  for (const name of ['ann', 'bob']) await redis.client.zadd(keys.consumers, then + leaseMs, name)
}
