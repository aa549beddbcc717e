import { valueText } from '../visible-text.js'

/**
 * One line for one received value: `Task get 7  queue=tq worker=1`. Control characters are escaped, so that
 * a value can neither forge a second line nor steer the terminal; long values are cut.
 */
export function valueLine(title: string, value: string, fields: Record<string, string>): string {
  const notes = Object.entries(fields).map(([name, field]) => `${name}=${field}`)
  return `${title} ${valueText(value)}  ${notes.join(' ')}\n`
}
