import Type from 'typebox'
import { task } from '../../src/handlers/task.js'

/** Returns what it was given. */
export default task({
  input: Type.Object({ message: Type.Any() }, { additionalProperties: false, required: ['message'] }),
  run: ({ message }): unknown => message,
})
