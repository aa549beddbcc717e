/** CHANNEL: messages for one named pubsub worker. */
export const dispatchChannel = (worker: string): string => `task:dispatch:${worker}`

/** CHANNEL, JSON: how jobs of pubsub workers ({@link ../channel/job.JobResult}) and tasks ended. */
export const resultsChannel = 'task:results'

/** ZSET: the pubsub workers that listen on a channel → end of their lease, ms by Redis' clock. */
export const rollKey = (channel: string): string => `{${channel}}:workers`

/** LIST, JSON {@link ../channel/roll-call.Reply}: what workers said to one broadcast; gone soon after its deadline. */
export const repliesKey = (broadcast: string): string => `task:broadcast:${broadcast}`

/** A pattern for PSUBSCRIBE that matches exactly this channel. */
export const literalPattern = (channel: string): string => channel.replace(/[\\*?[\]]/g, '\\$&')
