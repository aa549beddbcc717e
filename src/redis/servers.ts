import { Cluster, Command } from 'ioredis'
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

/** The name of a node, as a Cluster has it. */
export const nameOf = ({ options }: RedisConnection): string => `${options.host}:${options.port}`

/** The name of the node that has a key, as far as is known; undefined if none does. */
export function ownerOf(key: string, cluster: Cluster): string | undefined {
  return cluster.slots[new Command('exists', [key]).getSlot()]?.[0]
}

/**
 * Resolves when every server that takes writes answers, and of a Cluster every slot has one.
 *
 * @throws what the driver throws, or that a part of the Cluster is out of reach
 */
export async function pingAll(redis: RedisClient): Promise<void> {
  const servers = serversOf(redis, 'master')
  await Promise.all(servers.map((server) => server.ping()))
  if (!(redis instanceof Cluster)) return
  const connected = new Set(servers.map(nameOf))
  const owners = new Set(redis.slots.map(([owner = '']) => owner))
  if (owners.size === 0 || [...owners].some((owner) => !connected.has(owner))) {
    redis.refreshSlotsCache()
    throw new Error('a part of the Cluster is out of reach')
  }
  const state = await redis.cluster('INFO')
  if (!state.includes('cluster_state:ok')) throw new Error('the Cluster is down')
}

/** Resolves once a client can be used for everything. */
export async function untilReady(redis: RedisClient): Promise<void> {
  if (redis.status !== 'ready') await untilEvent(redis, 'ready')
  if (!(redis instanceof Cluster)) return
  await Promise.all(redis.nodes('master').map(async (node) => node.status === 'ready' || untilOver(node)))
}

// A node that cannot be reached ends, and another takes its place in time.
const untilOver = (node: RedisConnection) =>
  Promise.race([untilEvent(node, 'ready'), untilEvent(node, 'end')])

// Not `once`, which takes an error on the way for the end.
const untilEvent = (redis: RedisClient, event: string) =>
  new Promise<void>((resolve) => redis.once(event, () => resolve()))
