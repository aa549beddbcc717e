/** What the server handed over with the page: its language, its texts, and where its routes begin. */

const { base = '', texts = '{}', queue = '', quietMs = '5000' } = document.body.dataset

/** What every path begins with. */
export { base, queue }

/** After so long without a word from the server its numbers are stale. */
export const quietAtMostMs = Number(quietMs)

export const language = document.documentElement.lang

/** @type {Record<string, string>} */
const dictionary = JSON.parse(texts)

/**
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return (dictionary[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''))
}
