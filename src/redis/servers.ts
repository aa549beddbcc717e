import { Cluster } from 'ioredis'
import type { RedisClient, RedisConnection } from './client.js'

/** The servers behind a client, each by itself: the one, or those nodes of a Cluster that are connected. */
export function serversOf(redis: RedisClient, role: 'all' | 'master' = 'all'): RedisConnection[] {
  return redis instanceof Cluster ? redis.nodes(role).filter(({ status }) => status === 'ready') : [redis]
}

/** The connection among a client's that leads to the same server as this one; undefined if there is none now. */
export function peerOf(connection: RedisConnection, redis: RedisClient): RedisConnection | undefined {
  if (!(redis instanceof Cluster)) return redis
  const server = addressOf(connection)
  return serversOf(redis).find((node) => addressOf(node) === server)
}

// The socket's, for one server may go by several names.
function addressOf({ stream }: RedisConnection): string {
  return `${stream.remoteAddress} ${stream.remotePort}`
}
