const first = 10_000_000
const pad = 'x'.repeat(77)

/** The data of the n-th task: 100 bytes as JSON, whatever n up to 90 million. @param {number} n from 0 */
export const dataOf = (n) => ({ n: first + n, pad })

/** The same as text, for who does not need to encode it. @param {number} n */
export const textOf = (n) => `{"n":${first + n},"pad":"${pad}"}`

/** Which task it is. @param {{ n: number }} data */
export const numberOf = (data) => data.n - first

/** The same of the text, without decoding it. @param {string} text */
export const numberIn = (text) => Number(text.slice(5, 13)) - first
