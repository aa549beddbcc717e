import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { toTable } from './table.mjs'

const folder = fileURLToPath(new URL('../results/', import.meta.url))

/**
 * Prints the table, and writes it and all that it was made of into bench/results/.
 * @param {{ machine: Record<string, unknown>, results: import('./results.mjs').Results, isQuick: boolean }} report
 */
export function writeReport({ machine, results, isQuick }) {
  const name = isQuick ? 'quick' : 'latest'
  const text = [describe(machine), '', toTable(results), ...results.wrong.map(toLine), ''].join('\n')
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}${name}.md`, text)
  writeFileSync(`${folder}${name}.json`, `${JSON.stringify(toJson(machine, results), undefined, 2)}\n`)
  console.log(text)
}

function describe({ cpu, cores, memoryGiB, system, node, redis, peers }) {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version}`)
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}; Node ${node}, Redis ${redis} without persistence, ${versions.join(', ')}`
}

const toLine = ({ scenario, subject, reason }) => `WRONG: ${scenario} ${subject}: ${reason}`

function toJson(machine, { rows, wrong }) {
  const all = [...rows].map(([row, { unit, values }]) => ({ row, unit, values: Object.fromEntries(values) }))
  return { measuredAt: new Date().toISOString(), machine, rows: all, wrong }
}
