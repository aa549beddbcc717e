/** CHANNEL: messages for one named pubsub worker. */
export const dispatchChannel = (worker: string): string => `task:dispatch:${worker}`

/** A pattern for PSUBSCRIBE that matches exactly this channel. */
export const literalPattern = (channel: string): string => channel.replace(/[\\*?[\]]/g, '\\$&')
