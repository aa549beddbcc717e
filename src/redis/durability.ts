import { setTimeout as sleep } from 'node:timers/promises'
import { ReplyError } from 'ioredis'
import type { RedisConnection } from './client.js'
import type { Connections } from './connections.js'

/** How far a write must have come before it is answered: on the disk of Redis, or on a replica. */
export type DurabilityLevel = 'fsync' | 'replica'

/** The server cannot say when a write is on disk. */
class DurabilityUnknownError extends Error {
  override name = 'DurabilityUnknownError'
  readonly code = 'DURABILITY_UNKNOWN'
}

const patienceMs = 1500

/**
 * Waits until everything written so far to a list and what belongs to it is durable. A write is replicated and logged in
 * the order in which Redis took it, so it is enough to wait, on a connection of its own, for a mark that is written after
 * it: nobody else is held up.
 */
export class Durability {
  readonly #connections: Pick<Connections, 'serverOf' | 'beside'>
  readonly #byServer = new Map<string, RedisConnection>()

  constructor(connections: Pick<Connections, 'serverOf' | 'beside'>) {
    this.#connections = connections
  }

  /**
   * @param list the key; what belongs to it carries it in braces
   * @returns whether it was reached within 1.5 s
   * @throws {DurabilityUnknownError} fsync is asked of a Redis before 7.2 that does not write through
   */
  async reached(level: DurabilityLevel, list: string): Promise<boolean> {
    const redis = this.#connectionFor(list)
    const mark = `{${list}}:durability`
    const reached = (level === 'fsync' ? onDisk(redis, mark) : onReplica(redis, mark)).catch(unlessKnown)
    return Promise.race([reached, sleep(patienceMs + 300, false, { ref: false })])
  }

  // WAIT is answered for what its own connection wrote to one server: none may follow the key elsewhere on the way.
  #connectionFor(list: string): RedisConnection {
    const server = this.#connections.serverOf(list)
    const known = this.#byServer.get(server)
    if (known) return known
    const redis = this.#connections.beside(list)
    this.#byServer.set(server, redis)
    redis.once('end', () => this.#byServer.delete(server))
    return redis
  }
}

// A lost connection, a key that has moved on: then nothing is known.
function unlessKnown(error: unknown): false {
  if (error instanceof DurabilityUnknownError) throw error
  return false
}

async function onReplica(redis: RedisConnection, mark: string): Promise<boolean> {
  const [, acknowledged] = await afterMark(redis, mark, ['WAIT', 1, patienceMs])
  return Number(acknowledged) >= 1
}

async function onDisk(redis: RedisConnection, mark: string): Promise<boolean> {
  try {
    const [, acknowledged] = await afterMark(redis, mark, ['WAITAOF', 1, 0, patienceMs])
    return Number((acknowledged as unknown[])[0]) >= 1
  } catch (error) {
    if (await writesThrough(redis)) return true
    if (!(error instanceof ReplyError) || (error as Error).message.startsWith('MOVED')) return false
    const message =
      'expected Redis 7.2 or newer with appendonly yes, or appendfsync always, for durability=fsync'
    throw new DurabilityUnknownError(message, { cause: error })
  }
}

async function afterMark(
  redis: RedisConnection,
  mark: string,
  [command, ...args]: [string, ...number[]],
): Promise<unknown[]> {
  const replies = await redis
    .pipeline()
    .set(mark, '1', 'PX', 10_000)
    .call(command, ...args.map(String))
    .exec()
  return (replies ?? []).map(([error, reply]) => {
    if (error) throw error
    return reply
  })
}

async function writesThrough(redis: RedisConnection): Promise<boolean> {
  const pairs = await redis.config('GET', 'append*').catch(() => [])
  const text = JSON.stringify(pairs)
  return /"appendonly"[,:]"yes"/.test(text) && /"appendfsync"[,:]"always"/.test(text)
}
