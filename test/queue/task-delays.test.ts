import { expect, it } from 'vitest'
import { TaskConsumer } from '../../src/queue/task-consumer.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, type Tasks } from '../support/tasks.js'

const redis = useRedis()

const manyDelayed = 200_000
const rounds = 500
const dayMs = 86_400_000
const retention = { resultTtlMs: 1000, deadMax: 1000, deadTtlMs: dayMs }

it('costs no more an operation with many delayed tasks than with few', { timeout: 60_000 }, async () => {
  const tasks = await givenTasks(redis)
  await delay(tasks, 100)
  const few = await costOfWork(tasks)
  await delay(tasks, manyDelayed)
  expect(await tasks.counts()).toMatchObject({ delayed: manyDelayed + 100 + rounds })
  const many = await costOfWork(tasks)

  console.info(`µs in Redis for each script call: ${few} with 100 delayed, ${many} with ${manyDelayed} more`)
  expect(many).toBeLessThan(few * 3)
})

async function delay({ queue }: Tasks, count: number): Promise<void> {
  for (let done = 0; done < count; done += 10_000) {
    await queue.enqueueMany(
      Array.from({ length: Math.min(10_000, count - done) }, () => ({
        name: 'work',
        data: '{}',
        delayMs: dayMs,
      })),
    )
  }
}

/** Microseconds in Redis for each script call: tasks put in one by one, delayed and not, taken and settled. */
async function costOfWork({ queue, connections }: Tasks): Promise<number> {
  const consumer = new TaskConsumer(connections.commands, { queue: queue.name, id: 'consumer' }, retention)
  await consumer.heartbeat(dayMs)
  await redis.client.config('RESETSTAT')
  for (let round = 0; round < rounds; round += 1) {
    await queue.enqueue({ name: 'work', data: '{}', delayMs: dayMs + round })
    await queue.enqueue({ name: 'work', data: '{}' })
    const { tasks } = await consumer.reserve(1)
    await consumer.settle(tasks.map(({ id }) => ({ id, outcome: { kind: 'done', detail: 'null' } })))
    await consumer.heartbeat(dayMs)
  }
  const stats = await redis.client.info('commandstats')
  return Number(/cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(stats)?.[1])
}
