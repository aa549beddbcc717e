import { expect, it } from 'vitest'
import { batchesOf } from '../../src/queue/batches.js'

const limits = { items: 3, size: 10 }
const batched = (sizes: number[]) => [...batchesOf(sizes, (size) => size, limits)]

it('a list is parted where a batch would have too many items, or too large ones', () => {
  expect(batched([1, 1, 1, 1])).toEqual([[1, 1, 1], [1]])
  expect(batched([5, 5, 5])).toEqual([[5, 5], [5]])
})

it('an item that is too large goes alone, wherever it stands', () => {
  expect(batched([20, 1, 20, 1, 20])).toEqual([[20], [1], [20], [1], [20]])
})

it('of nothing there is no batch', () => {
  expect(batched([])).toEqual([])
})
