import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { type TestRedis, useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers } from '../support/tasks.js'

const redis = useRedis()

const count = 1500

it('loses and repeats nothing while connections are cut again and again', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  const ids = await tasks.enqueueMany(count, 'work', { ms: 15 })

  const cuts = await cutUntil(redis, () => tasks.ledger.done.length >= count * 0.9)
  await tasks.untilEmpty()

  console.info(`${cuts} cuts`)
  expect(cuts).toBeGreaterThan(5)
  expect(new Set(tasks.ledger.done.map(({ id }) => id))).toEqual(new Set(ids.map((id) => id)))
  expect(tasks.ledger.runs).toHaveLength(count)
  expect(await tasks.audit()).toMatchObject({ accepted: count, done: count, difference: 0 })
})

it('hands nothing to nobody when blocked reads are cut while tasks trickle in', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  let trickling = true
  const cutting = cutUntil(redis, () => !trickling)
  const accepted: string[] = []
  let unanswered = 0
  for (let at = 0; at < 300; at += 1) {
    // The producer's connection is cut too: it may have been taken then, or not.
    const id = await tasks.enqueue('work').catch(() => undefined)
    if (id) accepted.push(id)
    else unanswered += 1
    await sleep(10)
  }
  trickling = false
  await cutting
  await tasks.untilEmpty()

  const runs = tasks.ledger.runs.map(({ id }) => id)
  expect(accepted.filter((id) => !runs.includes(id))).toEqual([])
  expect(new Set(runs).size).toBe(runs.length)
  expect(runs.length).toBeLessThanOrEqual(accepted.length + unanswered)
})

it('repeats no retry and forgets no failure when answers are lost', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  const ids = await tasks.enqueueMany(300, 'work', { ms: 5, fails: 2 })

  await cutUntil(redis, () => tasks.ledger.done.length >= 250)
  await tasks.untilEmpty()

  for (const id of ids) {
    expect(tasks.ledger.of(id).map(({ attempt }) => attempt)).toEqual([1, 2, 3])
  }
  await eventually(async () => expect(await tasks.counts()).toMatchObject({ done: 300, retried: 600 }))
})

/** Cuts all connections, each time after a moment that is not always the same. */
async function cutUntil(server: TestRedis, isDone: () => boolean): Promise<number> {
  let cuts = 0
  for (; !isDone(); cuts += 1) {
    await server.cut('normal')
    await sleep(60 + ((cuts * 37) % 150))
  }
  return cuts
}
