import { visibleText } from '../../visible-text.js'
import type { Activity } from '../../queue/activity.js'

/** A message that was published to the channel. */
export interface ChannelMessage {
  channel: string
  message: string
  /** Milliseconds since 1970. */
  at: number
}

/** One thing that happened in one of the two lanes, as it may be shown; `note` says where, or by whom. */
export type FeedItem =
  ({ kind: 'activity'; note: string } & Activity) | ({ kind: 'message'; note: string } & ChannelMessage)

export function messageItem(given: ChannelMessage): FeedItem {
  return { kind: 'message', ...given, message: visibleText(given.message), note: given.channel }
}

export function activityItem(given: Activity): FeedItem {
  const by = visibleText(given.by)
  const note = given.count > 1 ? `and ${given.count - 1} more by ${by}` : `by ${by}`
  return { kind: 'activity', ...given, by, value: visibleText(given.value), note }
}

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
