import { describe, expect, it } from 'vitest'
import { durationPattern, parseDuration, parseSize, sizePattern } from '../src/units.js'

describe('a duration', () => {
  it.each([
    ['0', 0],
    ['1500', 1500],
    ['1500ms', 1500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %i ms', (text, ms) => {
    expect(text).toMatch(new RegExp(durationPattern))
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '10 s', '1.5s', '-1s', '5M', '1w', 's', '1s ', '1234567890123s'])('is not %j', (text) => {
    expect(text).not.toMatch(new RegExp(durationPattern))
  })
})

describe('a size', () => {
  it.each([
    ['0', 0],
    ['65536', 65_536],
    ['100B', 100],
    ['256KiB', 262_144],
    ['1MiB', 1_048_576],
    ['2GiB', 2_147_483_648],
  ])('%s is %i bytes', (text, bytes) => {
    expect(text).toMatch(new RegExp(sizePattern))
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', '1KB', '1k', '1.5MiB', '-1', '1 KiB'])('is not %j', (text) => {
    expect(text).not.toMatch(new RegExp(sizePattern))
  })
})
