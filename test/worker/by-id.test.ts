import { expect, it } from 'vitest'
import { newTaskId } from '../../src/queue/task-id.js'
import { ById } from '../../src/worker/by-id.js'

it('finds each of many by its id, and none that has gone', () => {
  const known = new ById<{ id: string; n: number }>()
  const items = Array.from({ length: 5000 }, (_, n) => ({ id: newTaskId(), n }))
  for (const item of items) known.set(item)
  expect(known.size).toBe(5000)

  for (const { id, n } of items) if (n % 2 === 1) known.delete(id)
  expect(known.size).toBe(2500)
  expect(items.map(({ id }) => known.get(id)?.n)).toEqual(items.map(({ n }) => (n % 2 === 1 ? undefined : n)))
  expect(known.values().length).toBe(2500)
})

it('knows one thing of an id, the last that was said', () => {
  const known = new ById<{ id: string; n: number }>()
  const id = newTaskId()
  known.set({ id, n: 1 })
  known.set({ id, n: 2 })
  expect(known.values()).toEqual([{ id, n: 2 }])

  known.delete(id)
  known.delete(id)
  expect(known.size).toBe(0)
  expect(known.has(id)).toBe(false)
})
