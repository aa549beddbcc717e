import { ReplyError as Untyped } from 'ioredis'
import { expect, it } from 'vitest'
import { redisFailure } from '../../src/redis/errors.js'

const ReplyError = Untyped as new (message: string) => Error
const messageOf = (reply: string) => () => redisFailure('key')(new ReplyError(reply))

it('a node of a Cluster that was taken for a single server is recognised', () => {
  expect(messageOf('MOVED 1 10.0.0.1:6379')).toThrow('Redis is a Cluster: give its nodes in REDIS_URL')
})

it('a Cluster that is down is out of reach, as a server is that does not answer', () => {
  expect(messageOf('CLUSTERDOWN The cluster is down')).toThrow('Redis is out of reach; try again')
})
