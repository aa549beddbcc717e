import { describe, expect, it } from 'vitest'
import { cut, toStoredError } from '../../src/queue/stored-error.js'

const withoutPrototype: unknown = Object.create(null)
const unwritable = {
  toString() {
    throw new Error('no')
  },
}
const deceitful = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('no')
  },
})

describe('what a handler threw', () => {
  it.each([
    ['an object without a prototype', withoutPrototype],
    ['an object that cannot be written out', unwritable],
    ['an error whose message cannot be read', deceitful],
    ['an error whose name is an object', Object.assign(new Error('x'), { name: withoutPrototype })],
    ['an error whose stack is a number', Object.assign(new Error('x'), { stack: 1 })],
    ['nothing', undefined],
  ])('is kept as text: %s', (_what, thrown) => {
    const { name, message, stack = '' } = toStoredError(thrown)
    expect([typeof name, typeof message, typeof stack]).toEqual(['string', 'string', 'string'])
  })

  it('is bounded, in bytes', () => {
    const error = new Error('日'.repeat(1_000_000))
    error.name = 'N'.repeat(1_000_000)
    expect(Buffer.byteLength(JSON.stringify(toStoredError(error)))).toBeLessThan(11_000)
  })

  it('keeps the frames of a message of many lines', () => {
    const { stack, message } = toStoredError(new Error('one\ntwo\nthree'))
    expect(message).toBe('one\ntwo\nthree')
    expect(stack).toMatch(/^Error: one\ntwo\nthree\n {4}at /)
  })
})

it.each([
  ['日本語', 7, '日本'],
  ['abc', 2, 'ab'],
  ['abc', 3, 'abc'],
  ['😀😀', 5, '😀'],
])('cuts %s to %i bytes without cutting a character in two', (text, bytes, expected) => {
  expect(cut(text, bytes)).toBe(expected)
})
