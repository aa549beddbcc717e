import type { ServerResponse } from 'node:http'

/** A client this far behind gets no more than it has until it has caught up… */
const behindBytes = 64 * 1024
/** …and one that got this far nevertheless is let go; it may come back. */
const lostBytes = 1024 * 1024

/** Sends server-sent events to every open page; each event is formatted once. */
export class Hub {
  readonly #clients = new Set<ServerResponse>()

  get size(): number {
    return this.#clients.size
  }

  /** Adds a client whose response headers are sent; it leaves when its connection closes. */
  add(client: ServerResponse): void {
    this.#clients.add(client)
    client.once('close', () => this.#clients.delete(client))
  }

  broadcast(event: string, data: unknown): void {
    if (this.#clients.size === 0) return
    const text = formatEvent(event, data)
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
