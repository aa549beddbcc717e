import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers } from '../support/tasks.js'

const redis = useRedis('always')

it('brings every task that was answered as accepted to its end, though Redis is killed twice', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 2)
  const accepted: string[] = []
  const stopping = new AbortController()
  const producer = (async () => {
    while (!stopping.signal.aborted) {
      const id = await tasks
        .enqueue('work', { ms: 20, fails: accepted.length % 10 === 0 ? 1 : 0 })
        .catch(() => undefined)
      if (id) accepted.push(id)
      else await sleep(20)
    }
  })()

  for (const until of [300, 700]) {
    await eventually(() => expect(accepted.length).toBeGreaterThan(until))
    await redis.kill()
    await redis.start()
  }
  await eventually(() => expect(accepted.length).toBeGreaterThan(1000))
  stopping.abort()
  await producer
  await tasks.untilEmpty()

  for (const id of accepted) expect(await tasks.find(id)).toMatchObject({ id, state: 'done' })
  expect(await tasks.audit()).toMatchObject({ difference: 0 })
  expect(tasks.ledger.overlaps()).toEqual([])
})
