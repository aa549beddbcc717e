import { setTimeout as sleep } from 'node:timers/promises'
import Type from 'typebox'
import { task } from '../../src/handlers/task.js'

const steps = 20

/** Does nothing for a while, and says how far it is. */
export default task({
  input: Type.Object(
    { seconds: Type.Number({ minimum: 0, maximum: 3600 }) },
    { additionalProperties: false },
  ),
  timeout: '2h',
  async run({ seconds }, { signal, progress }) {
    for (let step = 1; step <= steps; step += 1) {
      await sleep((seconds * 1000) / steps, undefined, { signal })
      progress(step / steps)
    }
    return { slept: seconds }
  },
})
