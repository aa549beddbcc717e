import { type Config, ConfigError, loadServiceConfig, type ServiceConfig } from '../config.js'
import { createLog, type Logger } from './log.js'

/**
 * What an entrypoint runs. `stop()` finishes what is in hand; it is called once at most, also when `start()` failed or
 * has not come to its end.
 */
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
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP']

const isSignal = (reason: string | Error): boolean => signals.includes(String(reason))

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
    log.fatal({ reason: error.message }, 'cannot go on')
    process.exit(1)
  }
  const service = create({ config, log, fatal })
  const stop = onceStopped(service, log, config.shutdownGraceMs + stopMarginMs)
  for (const signal of signals) process.on(signal, () => stop(signal))
  stopWithSupervisor(stop)
  // Who read our output has ended, as in `npm start | head`: no reason to drop what is in hand.
  process.stdout.on('error', () => stop('nobody reads the output'))
  process.on('uncaughtException', (error) => exitOnBug(log, error))
  service.start().catch(stop)
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

/** Stops the service for a reason, or because of the error that ended its start. */
type Stop = (reason: string | Error) => void

function onceStopped(service: Service, log: Logger, patienceMs: number): Stop {
  let stoppingSince: number | undefined
  return (reason) => {
    if (stoppingSince !== undefined) return exitIfAskedAgain(reason, stoppingSince)
    stoppingSince = Date.now()
    sayWhy(log, reason)
    exitWhenOverdue(log, patienceMs)
    service.stop().then(
      () => process.exit(reason instanceof Error ? 1 : 0),
      (error: unknown) => exitOnBug(log, error),
    )
  }
}

// A start that fails while stopping fails because of that.
function exitIfAskedAgain(reason: string | Error, stoppingSince: number): void {
  if (isSignal(reason) && Date.now() - stoppingSince >= sameSignalMs) process.exit(1)
}

function sayWhy(log: Logger, reason: string | Error): void {
  if (reason instanceof Error) log.fatal({ reason: reason.message }, 'could not start')
  else log.info({ reason }, 'stopping')
}

// The service keeps to the grace period by itself; this is for one that does not.
function exitWhenOverdue(log: Logger, patienceMs: number): void {
  setTimeout(() => {
    log.error('could not stop in time, exiting')
    process.exit(1)
  }, patienceMs).unref()
}

// `npm start` gives its children a channel: when it is killed outright they must not stay behind.
function stopWithSupervisor(stop: Stop): void {
  if (!process.channel) return
  process.on('disconnect', () => stop('supervisor gone'))
  process.channel.unref()
}

function exitOnBug(log: Logger, error: unknown): void {
  log.fatal({ err: error }, 'unexpected error')
  process.exit(1)
}
