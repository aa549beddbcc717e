import { expect, it } from 'vitest'
import { Line } from '../../src/web/line.js'

const forever = { ms: 20_000, signal: new AbortController().signal }

it('those who stand in a line are served in the order in which they came, one attempt at a time', async () => {
  const line = new Line<string>()
  const stock: string[] = []
  const served: string[] = []
  let attempts = 0
  let underWay = 0
  const attempt = async () => {
    attempts += 1
    underWay += 1
    expect(underWay).toBe(1)
    await Promise.resolve()
    underWay -= 1
    return stock.shift()
  }
  const waiting = ['a', 'b', 'c'].map((name) =>
    line.wait(attempt, forever).then((got) => served.push(`${name}${got}`)),
  )
  await expect.poll(() => attempts).toBe(2)
  stock.push('1', '2', '3')
  await Promise.all(waiting)
  expect(served).toEqual(['a1', 'b2', 'c3'])
  expect(attempts).toBe(5)
})

it('who leaves a line is not attempted for', async () => {
  const line = new Line<string>()
  const leaving = new AbortController()
  const first = line.wait(async () => undefined, { ms: 20_000, signal: leaving.signal })
  const second = line.wait(async () => 'got', forever)
  leaving.abort()
  expect(await first).toBeUndefined()
  expect(await second).toBe('got')
  expect(await line.wait(async () => undefined, { ...forever, ms: 0 })).toBeUndefined()
})
