import { describe, expect, it } from 'vitest'
import { TurnBatches } from '../../src/queue/turn-batches.js'

const limits = { items: 3, size: 10 }

function givenBatches(send = (items: string[]) => Promise.resolve(items.map((item) => item.toUpperCase()))) {
  const sent: string[][] = []
  const recorded = (items: string[]) => {
    sent.push(items)
    return send(items)
  }
  return { sent, batches: new TurnBatches(recorded, (item: string) => item.length, limits) }
}

describe('calls of one turn', () => {
  it('go together, in order, and each gets its own answer', async () => {
    const { sent, batches } = givenBatches()
    const answers = await Promise.all(['a', 'b', 'c'].map((item) => batches.call(item)))
    expect(answers).toEqual(['A', 'B', 'C'])
    expect(sent).toEqual([['a', 'b', 'c']])
  })

  it('are split where they are too many or too long, and none is left behind', async () => {
    const { sent, batches } = givenBatches()
    const long = 'x'.repeat(20)
    await Promise.all(['a', 'b', 'c', 'd', long, 'e', 'f'.repeat(9), 'g'].map((item) => batches.call(item)))
    expect(sent).toEqual([['a', 'b', 'c'], ['d'], [long], ['e', 'f'.repeat(9)], ['g']])
  })

  it('go together also while others are under way, without waiting for those', async () => {
    let answer: (answers: string[]) => void = () => undefined
    const { sent, batches } = givenBatches(() => new Promise((resolve) => (answer = resolve)))
    const first = batches.call('a')
    await new Promise((resolve) => setImmediate(resolve))
    const answerFirst = answer
    const others = Promise.all([batches.call('b'), Promise.resolve().then(() => batches.call('c'))])
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(sent).toEqual([['a'], ['b', 'c']])
    answer(['B', 'C'])
    answerFirst(['A'])
    expect(await others).toEqual(['B', 'C'])
    expect(await first).toBe('A')
  })

  it('fail together, and the next do not', async () => {
    let isBroken = true
    const { batches } = givenBatches((items) =>
      isBroken ? Promise.reject(new Error('away')) : Promise.resolve(items),
    )
    const outcomes = await Promise.allSettled([batches.call('a'), batches.call('b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    isBroken = false
    expect(await batches.call('c')).toBe('c')
  })
})
