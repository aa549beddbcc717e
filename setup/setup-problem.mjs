/** What keeps Servery from starting: its message is the one line to print, `exitCode` the code to end with. */
export class SetupProblem extends Error {
  /** @param {string} message @param {number} [exitCode] */
  constructor(message, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}
