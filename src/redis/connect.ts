import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { backoffMs } from '../process/backoff.js'
import type { RedisNode, RedisTarget } from '../redis-url.js'
import type { RedisConnection } from './client.js'
import { withQuietReadyCheck } from './ready-check.js'

const reconnect = { baseMs: 50, capMs: 2000 }
const connectTimeoutMs = 2000

const reconnectToNode = { baseMs: 20, capMs: 1000 }
/** A connection that lived so long begins its back-off anew. */
const steadyMs = 5000

/** How old what is known of a Cluster's nodes may be when nothing goes wrong. */
const refreshNodesMs = 5000

/** A Redis Cluster as a target. */
export type ClusterTarget = RedisTarget & { nodes: RedisNode[] }

/** Whether it is a Cluster. */
export const isCluster = (target: RedisTarget): target is ClusterTarget => target.nodes !== undefined

/** Connects to one server, by way of Sentinels where the target names some, again and again when it is lost. */
export function connectToServer({ options: where }: RedisTarget, options: RedisOptions): RedisConnection {
  const redis = new Redis({
    ...where,
    connectTimeout: connectTimeoutMs,
    sentinelCommandTimeout: connectTimeoutMs,
    sentinelRetryStrategy: (attempt) => backoffMs(attempt, reconnect),
    retryStrategy: (attempt) => backoffMs(attempt, reconnect),
    reconnectOnError: isReplica,
    ...options,
  })
  // Without a listener ioredis prints each failed attempt; the state is announced once, by announceState.
  return withQuietReadyCheck(redis.on('error', () => undefined))
}

/**
 * Connects to all nodes of a Cluster, for commands that are sent once: what was under way when a node was lost fails and
 * is not sent again, and while a node is out of reach what concerns it fails at once.
 *
 * What a node refused because another has the key (MOVED, ASK) had no effect, and goes there.
 */
export function connectToCluster({ nodes, options: where }: ClusterTarget, options: RedisOptions): Cluster {
  const cluster = new Cluster(nodes, {
    redisOptions: { ...where, ...options, connectTimeout: connectTimeoutMs },
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    clusterRetryStrategy: (attempt) => backoffMs(attempt, reconnect),
    slotsRefreshTimeout: connectTimeoutMs,
    slotsRefreshInterval: refreshNodesMs,
    // As it is written: a certificate carries the name.
    dnsLookup: (host, callback) => callback(null, host),
  })
  keepConnected(cluster)
  // What ioredis does with a pipeline before it knows any node: it waits, however long.
  const delayUntilReady: Cluster['delayUntilReady'] = (callback) =>
    callback(new Error('the Cluster is not connected'))
  return Object.assign(
    cluster.on('error', () => undefined),
    { delayUntilReady },
  )
}

// Else the first command to a node would be on its way while the second failed, for want of a connection. Not before the
// Cluster is ready: ioredis asks a node whether it is, and asks none that is about to connect.
function keepConnected(cluster: Cluster): void {
  const connect = (node: Redis) => node.status === 'wait' && void node.connect().catch(() => undefined)
  cluster.on('+node', (node: Redis) => {
    withQuietReadyCheck(withReasons(node))
    if (cluster.status === 'ready') connect(node)
  })
  cluster.on('ready', () => cluster.nodes().forEach(connect))
}

// ioredis asks for the nodes over connections of their own, and keeps to itself why one could not be made.
function withReasons(node: Redis): Redis {
  const duplicate = node.duplicate.bind(node)
  return Object.assign(node, {
    duplicate: (options?: RedisOptions) =>
      duplicate(options).on('error', (error: Error) => node.emit('error', error)),
  })
}

/**
 * Connects to one node of a Cluster, whichever can be reached, and on to the one that has the key that is asked for; to
 * another when that one is lost.
 *
 * @param known the nodes that are known now
 */
export function connectToAnyNode(
  target: ClusterTarget,
  known: () => RedisNode[],
  options: RedisOptions,
): RedisConnection {
  let moved: RedisNode | undefined
  let [attempts, readyAt] = [0, Infinity]
  const redis = connectToServer(withNode(target, pick(target.nodes)), {
    ...options,
    retryStrategy: () => {
      Object.assign(redis.options, moved ?? pick([...known(), ...target.nodes]))
      moved = undefined
      // To be sent on to a node that is dead is no success, though the connection was made.
      attempts = Date.now() - readyAt > steadyMs ? 1 : attempts + 1
      readyAt = Infinity
      return backoffMs(attempts, reconnectToNode)
    },
    reconnectOnError: (error) => {
      moved = movedTo(error, redis.options.host)
      return moved ? thenSendAgain : isReplica(error)
    },
  })
  return redis.on('ready', () => (readyAt = Date.now()))
}

/** The same target, but this node of it. */
export function withNode(target: RedisTarget, node: RedisNode | undefined): RedisTarget {
  return { ...target, options: { ...target.options, ...node } }
}

const pick = (nodes: RedisNode[]): RedisNode | undefined => nodes[Math.floor(Math.random() * nodes.length)]

// It was the master until a moment ago: the next connection finds the new one.
const isReplica = ({ message }: Error): boolean => message.startsWith('READONLY')

// What ioredis takes for: connect anew, and send the command, which was refused, over the new connection.
const thenSendAgain = 2

// MOVED <slot> <host>:<port>; without a host it is the one that says so.
function movedTo({ message }: Error, sameHost = ''): RedisNode | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(message) ?? []
  return port ? { host: host || sameHost, port: Number(port) } : undefined
}
