import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { settings } from '../src/settings.js'
import { packageRoot } from '../src/process/package-root.js'

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')

/** The settings as a Markdown table, as prettier would align it. */
function expectedTable(): string {
  const rows = Object.entries(settings.properties).map(([name, schema]) => {
    const { default: value, description } = schema as unknown as { default?: unknown; description: string }
    return [`\`${name}\``, value === undefined ? '' : `\`${shown(value)}\``, description]
  })
  const header = ['setting', 'default', 'what it is']
  const widths = header.map((title, column) =>
    Math.max(...[header, ...rows].map((row) => (row[column] ?? title).length)),
  )
  const line = (row: string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

// As one would write it in the environment.
const shown = (value: unknown): string => (value === false ? '0' : value === true ? '1' : String(value))

const withoutPadding = (table: string) =>
  table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()))

it("README.md's table of settings is what the program reads", () => {
  const [, table = ''] = /<!-- settings -->([^]*)<!-- \/settings -->/.exec(readme) ?? []
  expect(withoutPadding(table), `README.md should have:\n\n${expectedTable()}\n`).toEqual(
    withoutPadding(expectedTable()),
  )
})
