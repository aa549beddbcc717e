/**
 * Every key and channel of a queue. A queue is a list key; its satellites carry that key in braces, so
 * that Redis Cluster keeps them in the queue's own slot.
 */

/** CHANNEL, JSON {@link ../queue/activity.Activity}: what went into and came out of the list, thinned out. */
export const activityChannel = (list: string): string => `{${list}}:activity`
