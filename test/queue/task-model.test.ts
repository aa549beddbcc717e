import fc from 'fast-check'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useRedis } from '../support/redis.js'
import { type Action, act, consumerNames, QueueUnderTest } from '../support/task-model.js'
import { outcomes } from '../support/task-outcomes.js'

const redis = useRedis()
let queue: QueueUnderTest

beforeAll(async () => {
  queue = await QueueUnderTest.connect(redis)
})
afterAll(() => queue.close())

const consumer = fc.constantFrom(...consumerNames)
// Which of the tasks there are, or of the elements that a consumer was handed.
const which = fc.nat(30)

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      priority: priorities(),
      delayed: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('reserve' as const), consumer, count: fc.nat(4) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hand' as const), consumer }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('adopt' as const), consumer, which }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      consumer,
      which,
      outcome: fc.constantFrom(...outcomes),
      stale: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('die' as const), consumer }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), consumer }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('cancel' as const), which }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revive' as const), which }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('push' as const), value: fc.constantFrom('a', 'b', '\u0001x') }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('let time pass' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const) }) },
)

it(
  'keeps each task in exactly one place, whatever is done to it in whatever order',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60, size: 'max' }), async (actions) => {
        await queue.reset()
        for (const each of actions) {
          await act(queue, each)
          const { found, expected } = await queue.compare()
          expect(found, `after ${JSON.stringify(each)}`).toEqual(expected)
        }
      }),
      { numRuns: 150, seed: 7, endOnFailure: false },
    )
  },
)

function priorities() {
  return fc.constantFrom('high' as const, 'normal' as const, 'low' as const)
}
