import type { Command } from './command.js'
import { helpOption } from './options.js'

const redisNote =
  'REDIS_URL names the Redis; without it, it is the private one of the npm start that runs here.'

/** What `servery --help` prints. */
export function overview(commands: Map<string, Command>): string {
  const rows = [...commands].map(([name, { summary }]): [string, string] => [name, summary])
  return [
    'Usage: servery <command> [options]',
    '',
    ...table(rows),
    '',
    redisNote,
    'servery <command> --help tells more.',
  ].join('\n')
}

/** What `servery <command> --help` prints. */
export function helpOf(name: string, { summary, details, options }: Command): string {
  const rows = Object.entries({ ...options, help: helpOption }).map(
    ([option, { hint, about }]): [string, string] => [`--${option}${hint ? ` ${hint}` : ''}`, about],
  )
  return [
    `Usage: servery ${name} [options]`,
    '',
    summary,
    ...details,
    '',
    ...table(rows),
    '',
    redisNote,
  ].join('\n')
}

function table(rows: [string, string][]): string[] {
  const width = Math.max(...rows.map(([first]) => first.length))
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`)
}
