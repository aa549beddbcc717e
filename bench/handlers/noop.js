import Type from 'typebox'
import { task } from '../../dist/src/handlers/task.js'

/** Does nothing. */
export default task({ input: Type.Object({ n: Type.Integer(), pad: Type.String() }), run: () => undefined })
