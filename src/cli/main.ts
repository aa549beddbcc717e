import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, ConfigError, loadClientConfig } from '../config.js'
import { HandlerError } from '../handlers/registry.js'
import { createLog } from '../process/log.js'
import { packageRoot } from '../process/package-root.js'
import { Connections } from '../redis/connections.js'
import { RedisUnavailableError, WrongTypeError } from '../redis/errors.js'
import { findPrivateServer } from '../redis/private-server.js'
import { broadcast } from './broadcast.js'
import { type Command, CommandError, type Given, UsageError } from './command.js'
import { dispatch } from './dispatch.js'
import { helpOf, overview } from './help.js'
import { kitchen } from './kitchen.js'
import { parseOptions } from './options.js'
import { publish } from './publish.js'
import { results } from './results.js'

const commands = new Map<string, Command>(Object.entries({ publish, results, dispatch, broadcast, kitchen }))

/** How long a command waits for the first answer of Redis. */
const firstConnectionMs = 2000

/**
 * Runs `servery <command> …`.
 *
 * @param args what stands behind `servery`
 * @returns the exit code: 0, 1 if the command failed, 2 if the command line is wrong
 */
export async function main([name, ...args]: string[]): Promise<number> {
  const command = commands.get(name ?? '')
  try {
    if (name === '--help' || name === '-h') return say(overview(commands))
    if (name === '--version') return say(version())
    if (!command) throw new UsageError(withoutCommand(name))
    const given = parseOptions(args, command.options)
    if (given.help) return say(helpOf(name ?? '', command))
    command.check?.(given)
    return await runCommand(command, given)
  } catch (error) {
    return complain(command ? `servery ${name}` : 'servery', error)
  }
}

async function runCommand(command: Command, given: Given): Promise<number> {
  const config = loadClientConfig()
  const redisUrl = await findRedis(config)
  const logFormat = config.logFormat === 'json' ? 'json' : 'pretty'
  const log = createLog('cli', { ...config, logFormat, linePrefix: 'servery: ', descriptor: 2 })
  const redis = new Connections(redisUrl, { log, fatal: endWith })
  const stopping = heedSignals()
  try {
    const isThere = await redis.ready(firstConnectionMs)
    if (!isThere && !command.waitsForRedis) throw new CommandError(`no Redis answers at ${redis.shown}`)
    return await command.run({ given, config, redis, redisUrl, log, ...stopping, print })
  } finally {
    stopping.release()
    redis.close()
  }
}

async function findRedis({ redisUrl, dataDir }: Config): Promise<string> {
  const folder = resolve(packageRoot, dataDir, 'redis')
  const found = redisUrl ?? (await findPrivateServer(folder))
  if (found) return found
  throw new CommandError(
    `no Redis: REDIS_URL is not set, and no npm start runs with its data in ${folder}; start one, or set REDIS_URL`,
  )
}

/** A second signal ends the process at once. */
function heedSignals(): { signal: AbortSignal; release: () => void } {
  const stopping = new AbortController()
  const stop = () => {
    if (stopping.signal.aborted) process.exit(130)
    stopping.abort()
  }
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP']
  for (const name of names) process.on(name, stop)
  // Who read our output has ended, as in `servery results | head`.
  process.stdout.on('error', () => stopping.abort())
  return { signal: stopping.signal, release: () => names.forEach((name) => process.off(name, stop)) }
}

function print(line: string): void {
  if (process.stdout.writable) process.stdout.write(`${line}\n`)
}

function say(text: string): 0 {
  print(text)
  return 0
}

function withoutCommand(name: string | undefined): string {
  const expected = `expected one of ${[...commands.keys()].join(', ')}`
  return name === undefined ? expected : `${expected}, got ${JSON.stringify(name)}`
}

function version(): string {
  const { version: text } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
    version: string
  }
  return text
}

const expectedErrors = [CommandError, RedisUnavailableError, WrongTypeError, HandlerError]

function complain(title: string, error: unknown): 1 | 2 {
  const { message } = error as Error
  if (error instanceof UsageError) {
    console.error(`${title}: ${message}\nSee ${title} --help`)
    return 2
  }
  if (error instanceof ConfigError) for (const line of error.mistakes) console.error(`${title}: ${line}`)
  else if (expectedErrors.some((expected) => error instanceof expected)) console.error(`${title}: ${message}`)
  else throw error
  return 1
}

function endWith(error: Error): never {
  console.error(`servery: ${error.message}`)
  process.exit(1)
}
