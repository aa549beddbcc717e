import { Redis, type RedisOptions } from 'ioredis'
import { backoffMs } from '../process/backoff.js'
import type { Logger } from '../process/log.js'
import { parseRedisUrl, type RedisTarget } from '../redis-url.js'
import { withQuietReadyCheck } from './ready-check.js'
import { watchVersion } from './version.js'

const reconnect = { baseMs: 50, capMs: 2000 }
const connectTimeoutMs = 2000

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

/** All of one process's connections to its Redis. */
export class Connections {
  /**
   * For commands that someone waits for: while Redis is out of reach a command fails at once, and one that
   * is under way when the connection is lost fails too and is not sent again (it may have taken effect: a
   * second LPUSH would be a second value).
   */
  readonly commands: Redis
  /** Where Redis is, without the password. */
  readonly shown: string
  readonly #target: RedisTarget
  readonly #waiting: Redis[] = []

  constructor(url: string, { log, fatal }: ConnectionsOptions) {
    this.#target = parseRedisUrl(url)
    this.shown = this.#target.shown
    this.commands = connect(this.#target, {
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: commandTimeoutMs,
      socketTimeout: silenceTimeoutMs,
    })
    announceState(this.commands, this.shown, log)
    watchVersion(this.commands, fatal)
  }

  /**
   * A connection for one reader that blocks, or for subscriptions: it waits for Redis however long that
   * takes, and sends an interrupted command again when it is back, so that a blocked read is never abandoned.
   */
  waiting(): Redis {
    // Subscriptions are brought back by who made them: where ioredis fails to, it leaves a rejection that no one
    // can handle, and that ends the process.
    const redis = connect(this.#target, { maxRetriesPerRequest: null, autoResubscribe: false })
    this.#waiting.push(redis)
    return redis
  }

  /** Resolves with true once Redis answers, or with false after `patienceMs`, which may be Infinity. */
  async ready(patienceMs: number): Promise<boolean> {
    if (this.commands.status === 'ready') return true
    return new Promise((resolve) => {
      const timer = patienceMs === Infinity ? undefined : setTimeout(() => resolve(false), patienceMs)
      this.commands.once('ready', () => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  /** Closes every connection. No read may be blocked on one: Redis could hand it a value. Safe to call twice. */
  close(): void {
    for (const redis of [this.commands, ...this.#waiting]) redis.disconnect()
  }
}

function connect(target: RedisTarget, options: RedisOptions): Redis {
  const redis = new Redis({
    ...target.options,
    ...options,
    connectTimeout: connectTimeoutMs,
    retryStrategy: (attempt) => backoffMs(attempt, reconnect),
    // A replica that was the master until a moment ago: the next connection finds the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  })
  // Without a listener ioredis prints each failed attempt; the state is announced once, by announceState.
  return withQuietReadyCheck(redis.on('error', () => undefined))
}

function announceState(redis: Redis, shown: string, log: Logger): void {
  let saidLost = false
  const lost = (error?: Error) => {
    if (saidLost) return
    saidLost = true
    log.warn({ redis: shown, reason: error?.message }, 'Redis is out of reach, waiting for it')
  }
  redis.on('error', lost)
  redis.on('reconnecting', () => lost())
  redis.on('ready', () => {
    if (saidLost) log.info({ redis: shown }, 'Redis is back')
    saidLost = false
  })
}
