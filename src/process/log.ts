import { destination, type Logger, pino } from 'pino'
import { default as pretty, isColorSupported } from 'pino-pretty'

export type { Logger }

/** How much is logged, and whether as JSON or for people. */
export interface LogOptions {
  logLevel: string
  logFormat: 'auto' | 'json' | 'pretty'
  /** What each line for people begins with. */
  linePrefix?: string
  /** 1, standard output, unless given; 2 where that is for results. */
  descriptor?: 1 | 2
}

/** The log of one process. Messages are constant; what varies goes into fields. */
export function createLog(component: string, given: LogOptions): Logger {
  const options = { level: given.logLevel, base: { component } }
  const { descriptor = 1 } = given
  return usePretty(given.logFormat)
    ? pino(options, prettyStream(given.linePrefix, descriptor))
    : pino(options, destination({ dest: descriptor, sync: true }))
}

/** With what `auto` means settled: in a thread it cannot be told. */
export function settledFormat({ logLevel, logFormat }: LogOptions): LogOptions {
  return { logLevel, logFormat: usePretty(logFormat) ? 'pretty' : 'json' }
}

function usePretty(format: LogOptions['logFormat']): boolean {
  return format === 'pretty' || (format === 'auto' && process.stdout.isTTY)
}

function prettyStream(linePrefix = '', descriptor: 1 | 2) {
  return pretty({
    destination: descriptor,
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
