import { describe, expect, it } from 'vitest'
import { valueLine } from '../../src/worker/print.js'

const line = (value: string) => valueLine('Task get', value, { queue: 'tq', worker: 'w1' })

describe('the line for a value', () => {
  it('tells the value, and the rest behind it', () => {
    expect(line('7')).toBe('Task get 7  queue=tq worker=w1\n')
  })

  it('shows letters of every language and emoji as they are', () => {
    expect(line('ünïcode 日本語 💚 "\'\\')).toBe('Task get ünïcode 日本語 💚 "\'\\  queue=tq worker=w1\n')
  })

  it.each([
    ['a\nTask get forged', 'a\\u{a}Task get forged'],
    ['\r', '\\u{d}'],
    ['\u001b[31mred', '\\u{1b}[31mred'],
    ['\u0000\u007f\u009b', '\\u{0}\\u{7f}\\u{9b}'],
    ['\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['\u202eevil', '\\u{202e}evil'],
  ])('is one line that steers no terminal: %j', (value, shown) => {
    expect(line(value)).toBe(`Task get ${shown}  queue=tq worker=w1\n`)
  })

  it('cuts a long value and tells how long it is', () => {
    expect(line('x'.repeat(501))).toBe(`Task get ${'x'.repeat(500)}… (501 characters)  queue=tq worker=w1\n`)
    expect(line('x'.repeat(500))).toContain(`${'x'.repeat(500)}  queue`)
  })
})
