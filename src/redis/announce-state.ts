import { Cluster, type Redis } from 'ioredis'
import type { Logger } from '../process/log.js'
import type { RedisClient } from './client.js'
import { refusalOf } from './refusal.js'

/** Says once when Redis, or a node of a Cluster, is out of reach and why, and when it is back. */
export function announceState(redis: RedisClient, shown: string, log: Logger): void {
  let saidLost = false
  const lost = (error?: Error) => {
    if (saidLost) return
    saidLost = true
    log.warn({ redis: shown, reason: reasonOf(error) }, 'Redis is out of reach, waiting for it')
  }
  // A Cluster's own error says only that no node can be reached; why is said of each.
  redis.on('error', (error: Error) => lost(redis.isCluster ? undefined : error))
  redis.on('reconnecting', () => lost())
  redis.on('ready', () => {
    if (saidLost) log.info({ redis: shown }, 'Redis is back')
    saidLost = false
  })
  if (redis instanceof Cluster) announceNodes(redis, log)
}

function announceNodes(cluster: Cluster, log: Logger): void {
  const lost = new Set<string>()
  cluster.on('node error', (error: Error, node: string) => {
    if (lost.has(node)) return
    lost.add(node)
    log.warn({ node, reason: reasonOf(error) }, 'a node of the Cluster is out of reach')
  })
  cluster.on('+node', (redis: Redis) => {
    const node = `${redis.options.host}:${redis.options.port}`
    redis.on('ready', () => lost.delete(node) && log.info({ node }, 'a node of the Cluster is back'))
  })
}

const reasonOf = (error?: Error): string | undefined => error && (refusalOf(error) ?? error.message)
