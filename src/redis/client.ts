import type { Cluster, Redis } from 'ioredis'

/** What commands are sent on: one server, or a Redis Cluster, where each goes to the node of its key. */
export type RedisClient = Redis | Cluster

/** One connection to one server, for one user who waits on it: blocked reads, subscriptions. */
export type RedisConnection = Redis
