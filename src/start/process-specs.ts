import type { Formation, ProcessType } from './procfile.js'
import type { ProcessSpec } from './supervisor.js'

/** What all processes of one start share. */
export interface SharedSettings {
  cwd: string
  redisUrl: string
  logFormat: string
  port: number
  memcachedPort?: number | undefined
  workerName?: string | undefined
}

const highestPort = 65_535
/** Of a worker's name, less what ".999" takes. */
const longestName = 96

/** The processes of a formation, each with the settings of its own. */
export function toSpecs(types: ProcessType[], formation: Formation, shared: SharedSettings): ProcessSpec[] {
  return types.flatMap(({ name, command }) => {
    const count = formation.get(name) ?? 1
    const port = listening(shared).get(name)
    const ports = port ? portsOf(name, formation, port) : []
    return Array.from({ length: count }, (_, index) => ({
      name: `${name}.${index + 1}`,
      command,
      cwd: shared.cwd,
      env: {
        REDIS_URL: shared.redisUrl,
        LOG_FORMAT: shared.logFormat,
        ...(port && ports[index] !== undefined && { [port.setting]: String(ports[index]) }),
        WORKER_NAME: workerName(shared.workerName, name, { index, count }),
      },
    }))
  })
}

/** A setting that names a port, and the port that it names. */
export interface PortSetting {
  setting: string
  first: number
}

/** The kinds of processes that listen, and where the first of each does. */
export function listening({
  port,
  memcachedPort,
}: Pick<SharedSettings, 'port' | 'memcachedPort'>): Map<string, PortSetting> {
  const kinds = new Map([['web', { setting: 'PORT', first: port }]])
  if (memcachedPort !== undefined) kinds.set('memcached', { setting: 'MEMCACHED_PORT', first: memcachedPort })
  return kinds
}

/**
 * The ports of all processes of a kind. As Procfile runners have it, each further process gets the next one.
 *
 * @throws {RangeError} there are not so many
 */
export function portsOf(name: string, formation: Formation, { setting, first }: PortSetting): number[] {
  const count = formation.get(name) ?? 1
  if (first !== 0 && first + count - 1 > highestPort) {
    throw new RangeError(
      `${setting}: ${first} leaves no ports for ${count} ${name} processes; set it to a lower one`,
    )
  }
  return Array.from({ length: count }, (_, index) => (first === 0 ? 0 : first + index))
}

// Two of one name would get each other's messages.
function workerName(given: string | undefined, type: string, of: { index: number; count: number }): string {
  if (!given) return `${type}.${of.index + 1}`
  return of.count > 1 ? `${given.slice(0, longestName)}.${of.index + 1}` : given
}
