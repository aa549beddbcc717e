import { describe, expect, it, onTestFinished } from 'vitest'
import { Redis } from 'ioredis'
import { TaskConsumer } from '../../src/queue/task-consumer.js'
import type { Outcome } from '../../src/queue/task-consumer.js'
import { TaskQueue } from '../../src/queue/task-queue.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const attempt = {
  attempt: 1,
  worker: 'w',
  startedAt: 1,
  endedAt: 2,
  error: { name: 'Error', message: 'no "luck"' },
}

async function listening(): Promise<object[]> {
  const messages: object[] = []
  const subscriber: Redis = redis.client.duplicate()
  onTestFinished(() => subscriber.disconnect())
  subscriber.on('message', (_channel, text: string) => messages.push(JSON.parse(text) as object))
  await subscriber.subscribe('task:results')
  return messages
}

async function givenHeldTask() {
  const queue = new TaskQueue(redis.client, 'q', { maxLength: 0, maxBytes: 0 })
  const consumer = new TaskConsumer(
    redis.client,
    { queue: 'q', id: 'w' },
    {
      resultTtlMs: 1000,
      deadMax: 10,
      deadTtlMs: 1000,
    },
  )
  await queue.enqueue({ name: 'echo', data: '{}' })
  const { tasks } = await consumer.reserve(1, 10_000)
  return { queue, consumer, id: tasks[0]?.id ?? '' }
}

describe('task:results', () => {
  it.each<[string, Outcome, object]>([
    ['done', { kind: 'done', detail: '{"sum":[]}' }, { state: 'done', result: { sum: [] } }],
    [
      'cancelled',
      { kind: 'cancelled', detail: '{"message":"x"}' },
      { state: 'cancelled', error: { message: 'x' } },
    ],
    ['dead', { kind: 'dead', attempt }, { state: 'dead', lastAttempt: attempt }],
  ])('gets how a task ended that is %s', async (_state, outcome, expected) => {
    const messages = await listening()
    const { consumer, id } = await givenHeldTask()
    await consumer.settle([{ id, outcome }])
    await expect
      .poll(() => messages)
      .toEqual([{ id: `q.${id}`, queue: 'q', task: 'echo', attempt: 1, worker: 'w', ...expected }])
  })

  it('gets a waiting task that is cancelled, and nothing of a retry', async () => {
    const messages = await listening()
    const { queue, consumer, id } = await givenHeldTask()
    await consumer.settle([{ id, outcome: { kind: 'retry', delayMs: 60_000, attempt } }])
    await queue.cancel(id, 1000)
    await expect.poll(() => messages).toMatchObject([{ id: `q.${id}`, state: 'cancelled' }])
  })
})
