import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toAccounts, toTable } from './table.mjs'

const pathOf = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const document = pathOf('../docs/performance.md')

/**
 * Prints the tables, and writes them and all that they were made of into bench/results/. Those of a whole run are also
 * put into docs/performance.md.
 * @param {{ machine: Record<string, unknown>, results: import('./results.mjs').Results, isWhole: boolean }} report
 */
export function writeReport({ machine, results, isWhole }) {
  const name = isWhole ? 'latest' : 'partial'
  const tables = [describe(machine), toTable(results), toAccounts(results)].filter((part) => part !== '')
  const text = [...tables, ...results.wrong.map(toLine)].join('\n\n')
  mkdirSync(pathOf('results'), { recursive: true })
  writeFileSync(pathOf(`results/${name}.md`), `${text}\n`)
  writeFileSync(pathOf(`results/${name}.json`), `${JSON.stringify(toJson(machine, results), undefined, 2)}\n`)
  console.log(`\n${text}\n`)
  if (isWhole && results.wrong.length === 0) putIntoDocument(text)
}

function putIntoDocument(text) {
  const before = readFileSync(document, 'utf8')
  // A function, for a text may hold what replace would take for a pattern.
  const after = before.replace(/(<!-- results -->\n)[^]*(<!-- \/results -->)/, (_, start, end) => {
    return `${start}\n${text}\n\n${end}`
  })
  writeFileSync(document, after)
}

function describe({ cpu, cores, memoryGiB, system, node, redis, peers }) {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`)
  const software = [`Node ${node}`, `Redis ${redis} without persistence`, ...versions]
  return `Measured on ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, with ${software.join(', ')}.`
}

const toLine = ({ scenario, subject, reason }) => `WRONG: ${scenario} ${subject}: ${reason}`

function toJson(machine, { rows, wrong }) {
  const all = [...rows].map(([row, { values, ...about }]) => ({
    row,
    ...about,
    values: Object.fromEntries(values),
  }))
  return { measuredAt: new Date().toISOString(), machine, rows: all, wrong }
}
