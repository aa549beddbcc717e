import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { onTestFinished, vi } from 'vitest'

export interface ReceivedEvent {
  event: string
  id?: string | undefined
  data: unknown
  /** `performance.now()` of its arrival. */
  at: number
}

/** An open event stream, read as a browser's EventSource reads it. */
export class EventStream {
  readonly events: ReceivedEvent[] = []
  isEnded = false
  #rest = ''

  constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8')
    response.on('data', (text: string) => this.#read(text))
    response.on('close', () => (this.isEnded = true))
    response.on('error', () => undefined)
  }

  /** Waits for an event of this name whose data fits. */
  async next<T>(
    event: string,
    fits: (data: T) => boolean = () => true,
  ): Promise<ReceivedEvent & { data: T }> {
    return vi.waitFor(
      () => {
        const found = this.named<T>(event).find(({ data }) => fits(data))
        if (!found) throw new Error(`no such ${event} among ${JSON.stringify(this.events)}`)
        return found
      },
      { timeout: 10_000, interval: 5 },
    )
  }

  named<T>(event: string): Array<ReceivedEvent & { data: T }> {
    return this.events.filter((each) => each.event === event) as Array<ReceivedEvent & { data: T }>
  }

  #read(text: string): void {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      const id = /^id: (.*)$/m.exec(block)?.[1]
      if (event && data)
        this.events.push({ event, id, data: JSON.parse(data) as unknown, at: performance.now() })
    }
  }
}

/** Opens `/events` of a listening application, or another path; closed after the test. */
export async function openEvents(
  app: FastifyInstance,
  { path = '/events', headers = {} }: { path?: string; headers?: Record<string, string> } = {},
): Promise<EventStream> {
  const { port } = app.server.address() as AddressInfo
  const about = { host: '127.0.0.1', port, path, headers: { accept: 'text/event-stream', ...headers } }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ ...about, agent: false }, resolve).on('error', reject)
  })
  onTestFinished(() => {
    response.destroy()
  })
  return new EventStream(response)
}
