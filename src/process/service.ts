import { type Config, ConfigError, loadServiceConfig, type ServiceConfig } from '../config.js'
import { createLog, type Logger } from './log.js'

/** What an entrypoint runs. `stop()` finishes what is in hand; it is called once at most. */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** What an entrypoint's factory gets: settings, log, and a way to end the process for good with one line. */
export interface ServiceContext<C extends Config = ServiceConfig> {
  config: C
  log: Logger
  fatal: (error: Error) => void
}

export interface ServiceOptions<C extends Config> {
  component: string
  /** Reads the settings. */
  load: () => C
  /** How much longer than SHUTDOWN_GRACE a stop may take before the process exits all the same. */
  stopMarginMs: number
}

/** Runs a web or worker process; see {@link run}. */
export function runService(component: string, create: (context: ServiceContext) => Service): void {
  run({ component, load: loadServiceConfig, stopMarginMs: 3000 }, create)
}

// A terminal's Ctrl-C reaches a process twice when a runner such as npm passes the signal on as well.
const sameSignalMs = 1000

/**
 * Runs a service as the process's only purpose: reads the settings, starts it, and stops it in order on
 * SIGTERM, SIGINT, SIGHUP, or when the supervisor that it was started by with an IPC channel is gone.
 * Exit code 0 after an orderly stop; 1 after wrong settings, a fatal error, a stop that took too long, or a
 * second signal a second or more after the first.
 */
export function run<C extends Config>(
  { component, load, stopMarginMs }: ServiceOptions<C>,
  create: (context: ServiceContext<C>) => Service,
): void {
  const config = loadOrExit(load)
  const log = createLog(component, config)
  const fatal = (error: Error) => {
    log.fatal(error.message)
    process.exit(1)
  }
  const service = create({ config, log, fatal })
  const stop = onceStopped(service, log, config.shutdownGraceMs + stopMarginMs)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => stop(signal))
  stopWithSupervisor(stop)
  process.on('uncaughtException', (error) => exitOnBug(log, error))
  service.start().catch(fatal)
}

function loadOrExit<C>(load: () => C): C {
  try {
    return load()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const line of error.mistakes) console.error(line)
    process.exit(1)
  }
}

function onceStopped(service: Service, log: Logger, patienceMs: number): (reason: string) => void {
  let stoppingSince: number | undefined
  return (reason) => {
    if (stoppingSince !== undefined) {
      if (Date.now() - stoppingSince >= sameSignalMs) process.exit(1)
      return
    }
    stoppingSince = Date.now()
    log.info({ reason }, 'stopping')
    exitWhenOverdue(log, patienceMs)
    service.stop().then(
      () => process.exit(0),
      (error: unknown) => exitOnBug(log, error),
    )
  }
}

// The service keeps to the grace period by itself; this is for one that does not.
function exitWhenOverdue(log: Logger, patienceMs: number): void {
  setTimeout(() => {
    log.error('could not stop in time, exiting')
    process.exit(1)
  }, patienceMs).unref()
}

// `npm start` gives its children a channel: when it is killed outright they must not stay behind.
function stopWithSupervisor(stop: (reason: string) => void): void {
  if (!process.channel) return
  process.on('disconnect', () => stop('supervisor gone'))
  process.channel.unref()
}

function exitOnBug(log: Logger, error: unknown): void {
  log.fatal({ err: error }, 'unexpected error')
  process.exit(1)
}
