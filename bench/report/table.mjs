import { peerNames, subjectNames } from '../subjects/subject.mjs'
import { targetOf } from './targets.mjs'

const columns = subjectNames

/** The scenario whose rows say where time goes; the others say how fast it is. */
const accounting = 'cost'

/**
 * A markdown table: medians, and Servery's as a ratio to the floor and to the best peer.
 * @param {import('./results.mjs').Results} results
 */
export function toTable(results) {
  const head = ['', 'unit', ...columns, 'servery ÷ floor', 'servery ÷ best peer', 'target']
  const rows = rowsOf(results, (scenario) => scenario !== accounting).map(([row, { unit }]) => {
    const of = (subject) => results.medianOf(row, subject)
    const ratios = [ratio(of('servery'), of('floor')), ratio(of('servery'), bestOf(peerNames.map(of), unit))]
    return [...toCells(results, row, unit), ...ratios, targetOf(row)]
  })
  return format(head, rows)
}

/**
 * A markdown table of what a task costs; empty if that was not measured.
 * @param {import('./results.mjs').Results} results
 */
export function toAccounts(results) {
  const rows = rowsOf(results, (scenario) => scenario === accounting)
  const cells = rows.map(([row, { unit }]) => toCells(results, row, unit))
  return cells.length === 0 ? '' : format(['', 'unit', ...columns], cells)
}

const rowsOf = (results, isWanted) => [...results.rows].filter(([, { scenario }]) => isWanted(scenario))

const toCells = (results, row, unit) => [
  row,
  unit,
  ...columns.map((subject) => toText(results.medianOf(row, subject), unit)),
]

function format(head, rows) {
  const widths = head.map((_, column) => Math.max(3, ...[head, ...rows].map((cells) => cells[column].length)))
  const line = (cells) => `| ${cells.map((cell, column) => pad(cell, widths[column], column)).join(' | ')} |`
  const rule = widths.map((width, column) => (column < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** Of what is counted in a second more is better, of everything else less. */
function bestOf(values, unit) {
  const known = values.filter((value) => value !== undefined)
  if (known.length === 0) return undefined
  return unit === '/s' ? Math.max(...known) : Math.min(...known)
}

const ratio = (value, other) => (value === undefined || !other ? '' : (value / other).toFixed(2))

function toText(value, unit) {
  if (value === undefined) return ''
  if (unit === '/s' && value >= 1000) return Math.round(value / 100) * 100 + ''
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)))
}

const pad = (cell, width, column) => (column < 2 ? cell.padEnd(width) : cell.padStart(width))
