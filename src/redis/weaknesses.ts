import type { Logger } from '../process/log.js'
import type { RedisClient, RedisConnection } from './client.js'
import type { Connections } from './connections.js'
import { nameOf, serversOf } from './servers.js'

/**
 * The server's settings that weaken what Servery promises, each in a plain sentence that says what can be lost and
 * when. Empty when there are none. Two round trips to each server that takes writes.
 */
export async function findWeaknesses(redis: RedisClient): Promise<string[]> {
  const servers = serversOf(redis, 'master')
  const found = await Promise.all(servers.map(findWeaknessesOf))
  return [...new Set(found.flat())].map((weakness) => {
    const which = servers.filter((_, index) => found[index]?.includes(weakness))
    return which.length === servers.length ? weakness : `${which.map(nameOf).join(', ')}: ${weakness}`
  })
}

async function findWeaknessesOf(redis: RedisConnection): Promise<string[]> {
  try {
    const [settings, replication] = await Promise.all([readSettings(redis), redis.info('replication')])
    return [...describeMemory(settings), ...describeDisk(settings), ...describeReplicas(replication)]
  } catch {
    return [
      'Redis does not tell its settings (CONFIG and INFO are not allowed): what can be lost is not known',
    ]
  }
}

type Settings = Record<string, string>

async function readSettings(redis: RedisConnection): Promise<Settings> {
  const names = ['maxmemory', 'maxmemory-policy', 'appendonly', 'appendfsync', 'save']
  const pairs = (await redis.call('CONFIG', 'GET', ...names)) as string[] | Settings
  if (!Array.isArray(pairs)) return pairs
  return Object.fromEntries(pairs.flatMap((name, at) => (at % 2 === 0 ? [[name, pairs[at + 1] ?? '']] : [])))
}

function* describeMemory({ maxmemory, 'maxmemory-policy': policy = '' }: Settings): Generator<string> {
  if (policy === 'noeviction') return
  const when = maxmemory === '0' ? 'once maxmemory is set and reached' : 'when its memory is full'
  yield `maxmemory-policy is ${policy}: Redis throws tasks away ${when}; set it to noeviction`
}

function* describeDisk({ appendonly, appendfsync, save }: Settings): Generator<string> {
  if (appendonly !== 'yes') {
    const lost = save ? 'all since the last snapshot' : 'everything'
    yield `appendonly is off: if Redis dies, ${lost} is lost; set appendonly yes`
  } else if (appendfsync === 'everysec') {
    yield 'appendfsync is everysec: if its machine loses power, the last second or two of work is lost'
  } else if (appendfsync === 'no') {
    yield 'appendfsync is no: if its machine loses power, what the system had not written yet is lost, up to half a minute'
  }
}

function* describeReplicas(info: string): Generator<string> {
  if (/^connected_slaves:0/m.test(info))
    yield 'there is no replica: if the disk of Redis is lost, everything is'
}

/** Says at the start, once Redis answers, which of its settings weaken what is promised. */
export async function announceWeaknesses(connections: Connections, log: Logger): Promise<void> {
  await connections.ready(Infinity)
  for (const weakness of await findWeaknesses(connections.commands)) log.info({ weakness }, 'of this Redis')
}
