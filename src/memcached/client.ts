import { isQueueName } from '../queue/names.js'
import type { Reservation } from '../queue/shared-consumer.js'
import type { SharedConsumers } from '../queue/shared-consumers.js'
import type { ValueQueues } from '../queue/value-queues.js'
import { expiryOf, extensionMs } from './exptime.js'
import type { Request } from './request.js'

export interface ClientOptions {
  values: Pick<ValueQueues, 'enqueue'>
  consumers: Pick<SharedConsumers, 'reserve' | 'acknowledge' | 'giveBack'>
  /** What `stats` tells. */
  stats: () => Promise<[name: string, value: string | number][]>
  /** How long a reservation lasts unless it is extended. */
  leaseMs: number
}

/** The memcached whose protocol this is, the first with `touch`: clients go by it, and libmemcached refuses to go by a 0.x. */
export const protocolVersion = '1.4.8'

/** Requests that are answered with something. */
export type Answerable = Exclude<Request, { kind: 'quit' | 'foreign' }>
type Of<Kind extends Request['kind']> = Extract<Request, { kind: Kind }>

const badName =
  'CLIENT_ERROR expected the name of a queue as key: up to 100 letters, digits, dots, colons, dashes and underscores'
/** There is nothing to compare: a reserved value cannot be changed. */
const cas = 1

/** What one client asks for and holds: a reservation of each queue at most. */
export class Client {
  readonly #options: ClientOptions
  readonly #reservations = new Map<string, Reservation>()

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Whether it has reserved something. */
  get isHolding(): boolean {
    return [...this.#reservations.values()].some(({ isOver }) => !isOver)
  }

  /**
   * Does what is asked.
   *
   * @param write takes what belongs before the answer, and resolves when there may be more
   * @returns the answer, without the end of its last line
   * @throws {RedisUnavailableError | WrongTypeError | TooManyQueuesError} and what `write` throws
   */
  async answer(request: Answerable, write: (part: Buffer) => Promise<void>): Promise<string> {
    switch (request.kind) {
      case 'get':
        return this.#get(request, write)
      case 'set':
        return this.#set(request)
      case 'delete':
        return this.#delete(request)
      case 'touch':
        return this.#touch(request)
      case 'stats':
        return this.#stats(request)
      case 'version':
        return `VERSION ${protocolVersion}`
      case 'refused':
        return request.reply
    }
  }

  /** It has gone: what it holds goes back. */
  leave(): Promise<void> {
    return this.#options.consumers.giveBack([...this.#reservations.values()])
  }

  // One after the other: no more than one value is in memory, however slowly the client reads.
  async #get({ keys, onlyFirst }: Of<'get'>, write: (part: Buffer) => Promise<void>): Promise<string> {
    if (!keys.every((key) => isQueueName(key))) return badName
    for (const key of new Set(keys)) {
      if (this.#heldOf(key)) continue
      const reserved = await this.#options.consumers.reserve(key, this.#options.leaseMs)
      if (!reserved) continue
      const { reservation, bytes } = reserved
      this.#reservations.set(key, reservation)
      const head = `VALUE ${key} ${reservation.task.options.f ?? 0} ${bytes.length}${onlyFirst ? ` ${cas}` : ''}\r\n`
      await write(Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n')]))
      if (onlyFirst) break
    }
    return 'END'
  }

  async #set({ key, flags, exptime, data: bytes }: Of<'set'>): Promise<string> {
    if (!isQueueName(key)) return badName
    const isStored = await this.#options.values.enqueue(key, { bytes, flags, expiry: expiryOf(exptime) })
    return isStored ? 'STORED' : 'SERVER_ERROR out of memory storing object: the queue is full'
  }

  async #delete({ key }: Of<'delete'>): Promise<string> {
    const held = this.#heldOf(key)
    if (!held) return 'NOT_FOUND'
    const isDone = await this.#options.consumers.acknowledge(held)
    return isDone ? 'DELETED' : 'NOT_FOUND'
  }

  async #touch({ key, exptime }: Of<'touch'>): Promise<string> {
    const held = this.#heldOf(key)
    if (!held) return 'NOT_FOUND'
    const moreMs = extensionMs(exptime, this.#options.leaseMs)
    if (moreMs > 0) held.endsAt = performance.now() + moreMs
    else await this.#options.consumers.giveBack([held])
    return 'TOUCHED'
  }

  async #stats({ topic }: Of<'stats'>): Promise<string> {
    if (topic === 'reset') return 'RESET'
    // Clients ask for slabs, items and the like, of which there are none.
    if (topic !== undefined) return 'END'
    const lines = (await this.#options.stats()).map(([name, value]) => `STAT ${name} ${value}\r\n`)
    return `${lines.join('')}END`
  }

  #heldOf(key: string): Reservation | undefined {
    const reservation = this.#reservations.get(key)
    if (!reservation?.isOver) return reservation
    this.#reservations.delete(key)
    return undefined
  }
}
