import { type Logger, pino } from 'pino'
import { default as pretty, isColorSupported } from 'pino-pretty'

export type { Logger }

/** How much is logged, and whether as JSON or for people. */
export interface LogOptions {
  logLevel: string
  logFormat: 'auto' | 'json' | 'pretty'
  /** What each line for people begins with. */
  linePrefix?: string
}

/** The log of one process, on standard output. Messages are constant; what varies goes into fields. */
export function createLog(component: string, { logLevel, logFormat, linePrefix }: LogOptions): Logger {
  const options = { level: logLevel, base: { component } }
  return usePretty(logFormat) ? pino(options, prettyStream(linePrefix)) : pino(options)
}

/** With what `auto` means settled: in a thread it cannot be told. */
export function settledFormat({ logLevel, logFormat }: LogOptions): LogOptions {
  return { logLevel, logFormat: usePretty(logFormat) ? 'pretty' : 'json' }
}

function usePretty(format: LogOptions['logFormat']): boolean {
  return format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
}

function prettyStream(linePrefix = '') {
  return pretty({
    // Synchronous, so that the last lines before an exit are not lost.
    sync: true,
    colorize: isColorSupported,
    // A reason ends the sentence; the other fields follow it.
    messageFormat: '{msg}{if reason}: {reason}{end}',
    ignore: 'pid,hostname,component,reason',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    customPrettifiers: { time: (time) => `${linePrefix}[${time as string}]` },
  })
}
