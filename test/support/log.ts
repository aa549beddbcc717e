import { pino } from 'pino'

/** A log that keeps its lines for the test to read. */
export function recordingLog() {
  const lines: string[] = []
  const log = pino(
    { level: 'debug' },
    {
      write: (line: string) => {
        lines.push(line)
      },
    },
  )
  return { log, lines }
}
