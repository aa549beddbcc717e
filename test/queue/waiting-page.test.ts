import { expect, it } from 'vitest'
import { TaskInspector } from '../../src/queue/task-inspector.js'
import { useRedis } from '../support/redis.js'
import { givenTasks } from '../support/tasks.js'

const redis = useRedis()

async function allPages(inspector: TaskInspector): Promise<unknown[]> {
  const all: unknown[] = []
  for (let cursor: number | undefined = 0; cursor !== undefined;) {
    const { tasks, next } = await inspector.page('waiting', cursor)
    expect(tasks.length).toBeLessThanOrEqual(50)
    all.push(...tasks.map(({ data }) => data))
    cursor = next
  }
  return all
}

it('pages of waiting tasks go through all priorities in the order in which they are taken', async () => {
  const tasks = await givenTasks(redis)
  const expected = { high: [] as number[], normal: [] as number[], low: [] as number[] }
  for (let at = 0; at < 150; at += 1) {
    const priority = (['low', 'normal', 'high'] as const)[at % 3] as 'low' | 'normal' | 'high'
    await tasks.enqueue('echo', at, { priority })
    expected[priority].push(at)
  }
  expect(await allPages(tasks.inspector)).toEqual([...expected.high, ...expected.normal, ...expected.low])
})

it('pages of waiting tasks show bare values, which have no id yet', async () => {
  const tasks = await givenTasks(redis)
  await tasks.enqueue('echo', 'first')
  await redis.client.lpush('task:queue:default', 'bare')
  const { tasks: shown } = await tasks.inspector.page('waiting')
  expect(shown).toMatchObject([
    { task: 'echo', data: 'first' },
    { task: '', data: 'bare', state: 'waiting' },
  ])
  expect(shown[1]).not.toHaveProperty('id')
})
