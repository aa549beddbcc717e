import { visibleText } from '../visible-text.js'

const maxShownLength = 500

/**
 * One line for one received value: `Task get 7  queue=tq worker=1`. Control characters are escaped, so that
 * a value can neither forge a second line nor steer the terminal; long values are cut.
 */
export function valueLine(title: string, value: string, fields: Record<string, string>): string {
  const notes = Object.entries(fields).map(([name, field]) => `${name}=${field}`)
  return `${title} ${shown(value)}  ${notes.join(' ')}\n`
}

function shown(value: string): string {
  const text = visibleText(value.slice(0, maxShownLength))
  return value.length > maxShownLength ? `${text}… (${value.length} characters)` : text
}
