import type { Formation, ProcessType } from './procfile.js'
import type { ProcessSpec } from './supervisor.js'

/** What all processes of one start share. */
export interface SharedSettings {
  cwd: string
  redisUrl: string
  logFormat: string
  port: number
  workerName?: string | undefined
}

const highestPort = 65_535
/** Of a worker's name, less what ".999" takes. */
const longestName = 96

/** The processes of a formation, each with the settings of its own. */
export function toSpecs(types: ProcessType[], formation: Formation, shared: SharedSettings): ProcessSpec[] {
  return types.flatMap(({ name, command }) => {
    const count = formation.get(name) ?? 1
    const ports = name === 'web' ? webPorts(formation, shared.port) : []
    return Array.from({ length: count }, (_, index) => ({
      name: `${name}.${index + 1}`,
      command,
      cwd: shared.cwd,
      env: {
        REDIS_URL: shared.redisUrl,
        LOG_FORMAT: shared.logFormat,
        ...(ports[index] !== undefined && { PORT: String(ports[index]) }),
        WORKER_NAME: workerName(shared.workerName, name, { index, count }),
      },
    }))
  })
}

/**
 * The ports of the web processes. As Procfile runners have it, each further process gets the next one.
 *
 * @throws {RangeError} there are not so many
 */
export function webPorts(formation: Formation, port: number): number[] {
  const count = formation.get('web') ?? 1
  if (port !== 0 && port + count - 1 > highestPort) {
    throw new RangeError(`PORT: ${port} leaves no ports for ${count} web processes; set it to a lower one`)
  }
  return Array.from({ length: count }, (_, index) => (port === 0 ? 0 : port + index))
}

// Two of one name would get each other's messages.
function workerName(given: string | undefined, type: string, of: { index: number; count: number }): string {
  if (!given) return `${type}.${of.index + 1}`
  return of.count > 1 ? `${given.slice(0, longestName)}.${of.index + 1}` : given
}
