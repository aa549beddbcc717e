const first = 10_000_000
const padLength = 77
const noise = noiseOf(4096)

// Payloads differ in all of their bytes, as real ones do: strings that are all but alike are slow to tell apart, in
// Redis' Lua above all, and that would be measured too.
const padOf = (n) => {
  const start = (n * 7919) % (noise.length - padLength)
  return noise.slice(start, start + padLength)
}

/** The data of the n-th task: 100 bytes as JSON, whatever n up to 90 million. @param {number} n from 0 */
export const dataOf = (n) => ({ n: first + n, pad: padOf(n) })

/** The same as text, for who does not need to encode it. @param {number} n */
export const textOf = (n) => `{"n":${first + n},"pad":"${padOf(n)}"}`

/** Which task it is. @param {{ n: number }} data */
export const numberOf = (data) => data.n - first

/** The same of the text, without decoding it. @param {string} text */
export const numberIn = (text) => Number(text.slice(5, 13)) - first

/** Letters and digits in no order, the same in every process and every run. */
function noiseOf(length) {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'
  let seed = 1
  return Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647
    return alphabet[seed % alphabet.length]
  }).join('')
}
