import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Spool } from '../../src/web/spool.js'

const lines = Array.from({ length: 1000 }, (_, at) => `line ${at} ${'é'.repeat(at % 50)}\n`)

/** Gives all lines, and says when the last was taken. */
function givenSource() {
  let taken = 0
  let finished = () => {}
  const isFinished = new Promise<void>((resolve) => (finished = resolve))
  async function* source() {
    for (const line of lines) {
      yield line
      taken += 1
    }
    finished()
  }
  return { source: source(), isFinished, taken: () => taken }
}

describe('a spool', () => {
  it('takes all of its source before anything is read, and gives it in its order', async () => {
    const { source, isFinished } = givenSource()
    const spool = new Spool(source, { memory: 1000, file: 1024 ** 2 })
    await isFinished
    expect(await text(spool)).toBe(lines.join(''))
  })

  it('lets the source wait when the file is as long as it may be', async () => {
    const { source, taken } = givenSource()
    const spool = new Spool(source, { memory: 1000, file: 2000 })
    await once(spool, 'readable')
    expect(await text(spool)).toBe(lines.join(''))
    expect(taken()).toBe(lines.length)
  })

  it('ends its source when the reader goes', async () => {
    const { source, taken } = givenSource()
    const spool = new Spool(source, { memory: 100, file: 2000 })
    spool.destroy()
    await once(spool, 'close')
    await expect.poll(async () => (await source.next()).done).toBe(true)
    expect(taken()).toBeLessThan(lines.length)
  })

  it('fails as its source does', async () => {
    async function* source() {
      yield 'one'
      throw new Error('broken')
    }
    await expect(text(new Spool(source()))).rejects.toThrow('broken')
  })
})
