import Type from 'typebox'
import { task, UnrecoverableError } from '../../dist/src/handlers/task.js'

/** Fails for good, so that its tasks are dead. */
export default task({
  input: Type.Object({ n: Type.Integer(), pad: Type.String() }),
  run() {
    throw new UnrecoverableError('as ordered')
  },
})
