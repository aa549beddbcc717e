/** How much goes in one round trip. */
export interface BatchLimits {
  items: number
  /** Of all items; one item may be larger. */
  size: number
}

/** Parts a list, in order, into as few batches as the limits allow. */
export function* batchesOf<Item>(
  items: Item[],
  sizeOf: (item: Item) => number,
  limits: BatchLimits,
): Generator<Item[]> {
  let first = 0
  let size = 0
  for (const [index, item] of items.entries()) {
    const itemSize = sizeOf(item)
    const isFull = index - first === limits.items || size + itemSize > limits.size
    if (isFull && index > first) {
      yield items.slice(first, index)
      first = index
      size = 0
    }
    size += itemSize
  }
  if (first < items.length) yield items.slice(first)
}
