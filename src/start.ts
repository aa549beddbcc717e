import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort, { portNumbers } from 'get-port'
import type { RedisConnection } from './redis/client.js'
import { type Config, ConfigError, loadConfig } from './config.js'
import { packageRoot } from './process/package-root.js'
import { run } from './process/service.js'
import {
  claimPrivateServer,
  describePrivateServer,
  endLeftover,
  openDataDir,
  type PrivateServer,
} from './redis/private-server.js'
import { refuseTooOld } from './redis/version.js'
import { listening, portsOf, toSpecs } from './start/process-specs.js'
import { type Formation, parseFormation, parseProcfile } from './start/procfile.js'
import { Supervisor } from './start/supervisor.js'

// `npm start`: a private Redis where none is named, then every process of the Procfile.
const killMarginMs = 5000

run({ component: 'servery', load, stopMarginMs: 3 * killMarginMs }, ({ config }) => {
  const patienceMs = config.shutdownGraceMs + killMarginMs
  let redis: Supervisor | undefined
  let owner: RedisConnection | undefined
  let processes: Supervisor | undefined
  let isStopping = false

  return {
    async start() {
      const types = parseProcfile(readFileSync(join(packageRoot, 'Procfile'), 'utf8'))
      const formation = parseFormation(process.argv.slice(2), types)
      await requireFreePorts(formation, config)
      // Else every process would find that out by itself, end, and be started again without end.
      if (config.redisUrl) await refuseTooOld(config.redisUrl)
      const server = config.redisUrl ? undefined : await describeOwnServer(config)
      if (server) {
        redis = new Supervisor([{ ...server, name: 'redis', cwd: server.dataDir }])
        owner = await Promise.race([claimPrivateServer(server), failedStart(redis)])
      }
      if (isStopping) return
      const redisUrl = server?.url ?? config.redisUrl ?? ''
      processes = new Supervisor(toSpecs(types, formation, { ...config, redisUrl, cwd: packageRoot }))
      await announce(config, { server, hasPage: formation.get('web') !== 0 })
    },
    async stop() {
      isStopping = true
      await processes?.stop(patienceMs)
      owner?.disconnect()
      await redis?.stop(killMarginMs)
    },
  }
})

function load() {
  const config = loadConfig()
  const logFormat = config.logFormat === 'auto' ? ('pretty' as const) : config.logFormat
  return { ...config, logFormat, linePrefix: 'servery: ' }
}

async function requireFreePorts(formation: Formation, config: Config): Promise<void> {
  const { host } = config
  for (const [name, setting] of listening(config)) {
    for (const port of portsOf(name, formation, setting)) {
      if (port === 0 || (await getPort({ port, host })) === port) continue
      throw new ConfigError([
        `${setting.setting}: ${port} on ${host} is in use; stop what runs there, or set it to another`,
      ])
    }
  }
}

async function describeOwnServer(config: Config): Promise<PrivateServer> {
  const dataDir = openDataDir(resolve(packageRoot, config.dataDir, 'redis'))
  await endLeftover(dataDir)
  const port = await getPort({ host: '127.0.0.1', port: portNumbers(6379, 6479) })
  return describePrivateServer(config.redisServer, dataDir, port)
}

// Once it has run, a Redis that ends is started again. One that cannot even start would fail again and again.
async function failedStart(redis: Supervisor): Promise<never> {
  const exitCode = await redis.firstEnd
  throw new Error(`the private Redis could not be started (exit code ${exitCode}): see its lines above`)
}

interface Announcement {
  server: PrivateServer | undefined
  hasPage: boolean
}

async function announce({ host, port }: Config, { server, hasPage }: Announcement): Promise<void> {
  // Of a port that it takes by itself the web process tells.
  if (hasPage && port !== 0) {
    const page = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`
    if (await isServed(`${page}healthz`)) console.log(`servery: the page is at ${page}`)
  }
  if (server) console.log(`servery: its Redis answers to: ${server.cli}`)
  console.log('servery: Ctrl-C stops everything in order')
}

/** Waits until there is an answer, or for some ten seconds. */
async function isServed(url: string): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    const response = await fetch(url).catch(() => undefined)
    if (response?.ok) return true
    await sleep(100)
  }
  return false
}
