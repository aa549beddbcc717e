/** Prints one line of progress. @param {string} message */
export function say(message) {
  console.log(`servery: ${message}`)
}

/** Prints one line about what went wrong. @param {string} message */
export function complain(message) {
  console.error(`servery: ${message}`)
}
