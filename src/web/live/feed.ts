import type { Activity } from '../../queue/activity.js'

/** A message that was published to the channel. */
export interface ChannelMessage {
  channel: string
  message: string
  /** Milliseconds since 1970. */
  at: number
}

/** One thing that happened in one of the two lanes. */
export type FeedItem = ({ kind: 'activity' } & Activity) | ({ kind: 'message' } & ChannelMessage)

/** The last things that happened, newest first; bounded. */
export class Feed {
  readonly #items: FeedItem[] = []

  constructor(private readonly maxItems = 30) {}

  add(item: FeedItem): void {
    this.#items.unshift(item)
    this.#items.length = Math.min(this.#items.length, this.maxItems)
  }

  items(): FeedItem[] {
    return [...this.#items]
  }
}
