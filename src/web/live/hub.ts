import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'

/** A client this far behind gets no more than it has until it has caught up… */
const behindBytes = 64 * 1024
/** …and one that got this far nevertheless is let go; it may come back. */
const lostBytes = 1024 * 1024

/** Events that a page which comes back may have missed: those of some seconds. */
const maxKept = 500

/** Sends server-sent events to every open page; each event is formatted once. */
export class Hub {
  readonly #clients = new Set<ServerResponse>()
  // Another process, or this one after a restart, counts its events anew.
  readonly #name = randomBytes(4).toString('hex')
  #count = 0
  #kept: string[] = []

  get size(): number {
    return this.#clients.size
  }

  /** Adds a client whose response headers are sent; it leaves when its connection closes. */
  add(client: ServerResponse): void {
    this.#clients.add(client)
    client.once('close', () => this.#clients.delete(client))
  }

  /** What came after an event, as it goes over the wire; undefined where that is no longer known. */
  since(lastId: string | undefined): string | undefined {
    const [name, number] = lastId?.split('-') ?? []
    const missed = this.#count - Number(number)
    if (name !== this.#name || !(missed >= 0 && missed <= this.#kept.length)) return undefined
    return missed === 0 ? '' : this.#kept.slice(-missed).join('')
  }

  /** The id of the last event, as a line of the stream. */
  get position(): string {
    return `id: ${this.#name}-${this.#count}\n`
  }

  broadcast(event: string, data: unknown): void {
    // What nobody was told of is not looked for either: whoever comes back later gets everything anew.
    if (this.#clients.size === 0) {
      this.#kept = []
      return
    }
    this.#count += 1
    const text = this.position + formatEvent(event, data)
    this.#kept.push(text)
    if (this.#kept.length > 2 * maxKept) this.#kept = this.#kept.slice(-maxKept)
    for (const client of this.#clients) send(client, text)
  }

  /** Ends every response, so that the server can close. */
  close(): void {
    for (const client of this.#clients) client.end()
    this.#clients.clear()
  }
}

/** An event as it goes over the wire. */
export function formatEvent(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}

function send(client: ServerResponse, text: string): void {
  if (client.writableLength > lostBytes) client.destroy()
  else if (client.writableLength <= behindBytes) client.write(text)
}
