import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/process/backoff.js'

describe('back-off', () => {
  it('doubles from attempt to attempt up to the cap', () => {
    const longest = [1, 2, 3, 4, 5, 6].map((attempt) =>
      backoffMs(attempt, { baseMs: 100, capMs: 1000 }, () => 1),
    )
    expect(longest).toEqual([100, 200, 400, 800, 1000, 1000])
  })

  it('varies between half and all of that, so that many do not come back in step', () => {
    expect(backoffMs(3, { baseMs: 100, capMs: 1000 }, () => 0)).toBe(200)
    expect(backoffMs(3, { baseMs: 100, capMs: 1000 }, () => 0.5)).toBe(300)
    const some = Array.from({ length: 100 }, () => backoffMs(3, { baseMs: 100, capMs: 1000 }))
    expect(Math.min(...some)).toBeGreaterThanOrEqual(200)
    expect(Math.max(...some)).toBeLessThanOrEqual(400)
    expect(new Set(some).size).toBeGreaterThan(10)
  })

  it('stays at the cap for ever', () => {
    expect(backoffMs(1_000_000, { baseMs: 100, capMs: 30_000 }, () => 1)).toBe(30_000)
  })
})
