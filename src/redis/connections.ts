import { Cluster } from 'ioredis'
import type { Logger } from '../process/log.js'
import { parseRedisUrl, type RedisNode, type RedisTarget } from '../redis-url.js'
import { announceState } from './announce-state.js'
import type { RedisClient, RedisConnection } from './client.js'
import { connectToAnyNode, connectToCluster, connectToServer, isCluster, withNode } from './connect.js'
import { ownerOf, pingAll, serversOf, untilReady } from './servers.js'
import { watchVersion } from './version.js'

/** Time after which a command that Redis has not answered is given up: a request must fail within 2 s. */
const commandTimeoutMs = 1500

/**
 * Silence after which a connection that owes an answer is given up for a new one. A server that vanished
 * without a word would else be waited for until TCP gives up, a quarter of an hour; and one that hangs would
 * find every command that timed out meanwhile, and carry them out.
 */
const silenceTimeoutMs = 2000

export interface ConnectionsOptions {
  log: Logger
  /** Told when the server turns out to be too old. */
  fatal: (error: Error) => void
}

/** All of one process's connections to its Redis, which may be a Cluster. */
export class Connections {
  /**
   * For commands that someone waits for: while Redis is out of reach a command fails at once, and one that
   * is under way when the connection is lost fails too and is not sent again (it may have taken effect: a
   * second LPUSH would be a second value).
   */
  readonly commands: RedisClient
  /** Where Redis is, without the password. */
  readonly shown: string
  readonly #target: RedisTarget
  readonly #others: RedisConnection[] = []

  constructor(url: string, { log, fatal }: ConnectionsOptions) {
    this.#target = parseRedisUrl(url)
    this.shown = this.#target.shown
    this.commands = connect(this.#target)
    announceState(this.commands, this.shown, log)
    watchVersion(this.commands, fatal)
  }

  /**
   * A connection for one reader that blocks, or for subscriptions: it waits for Redis however long that
   * takes, and sends an interrupted command again when it is back, so that a blocked read is never abandoned.
   * In a Cluster it goes to the node of the keys that it is used for, which must be in one slot.
   */
  waiting(): RedisConnection {
    // Subscriptions are brought back by who made them: where ioredis fails to, it leaves a rejection that no one
    // can handle, and that ends the process.
    const options = { maxRetriesPerRequest: null, autoResubscribe: false }
    if (!isCluster(this.#target)) return this.#keep(connectToServer(this.#target, options))
    return this.#keep(connectToAnyNode(this.#target, () => this.#nodes(), options))
  }

  /** Which server has a key now, as far as is known: a name that tells servers apart. */
  serverOf(key: string): string {
    return (this.commands instanceof Cluster && ownerOf(key, this.commands)) || this.shown
  }

  /**
   * A connection to the server that has a key now, for one user. It follows the key to no other, and is not made again
   * when it is lost: it emits `end` then.
   */
  beside(key: string): RedisConnection {
    const server = this.serverOf(key)
    const options = { retryStrategy: () => null, maxRetriesPerRequest: 0 }
    const node =
      this.#nodes().find((each) => `${each.host}:${each.port}` === server) ?? this.#target.nodes?.[0]
    return this.#keep(connectToServer(withNode(this.#target, node), options))
  }

  /**
   * Resolves when Redis answers; of a Cluster, when all of it does.
   *
   * @throws what the driver throws
   */
  async ping(): Promise<void> {
    await pingAll(this.commands)
  }

  /** Resolves with true once Redis answers, or with false after `patienceMs`, which may be Infinity. */
  async ready(patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = patienceMs === Infinity ? undefined : setTimeout(() => resolve(false), patienceMs)
      void untilReady(this.commands).then(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  /** Closes every connection. No read may be blocked on one: Redis could hand it a value. Safe to call twice. */
  close(): void {
    for (const redis of [this.commands, ...this.#others]) redis.disconnect()
  }

  #nodes(): RedisNode[] {
    return serversOf(this.commands, 'master').map(({ options: { host = '', port = 0 } }) => ({ host, port }))
  }

  #keep(redis: RedisConnection): RedisConnection {
    this.#others.push(redis)
    redis.once('end', () => this.#others.splice(this.#others.indexOf(redis), 1))
    return redis
  }
}

function connect(target: RedisTarget): RedisClient {
  const options = { commandTimeout: commandTimeoutMs, socketTimeout: silenceTimeoutMs }
  if (isCluster(target)) return connectToCluster(target, options)
  return connectToServer(target, { ...options, enableOfflineQueue: false, maxRetriesPerRequest: 0 })
}
