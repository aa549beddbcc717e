import { describe, expect, it } from 'vitest'
import { taskList } from '../../src/queue/names.js'
import { givenMemcached } from '../support/memcached.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const token = 'secret-token'

describe('a connection', () => {
  it('answers pipelined requests in their order', async () => {
    const client = await (await givenMemcached(redis)).client()
    client.socket.write('set a 0 0 1\r\nx\r\nget a\r\nnonsense\r\nset b\r\ndelete a\r\nversion\r\n')
    const answers = []
    for (let count = 0; count < 6; count += 1) answers.push(await client.answer())
    expect(answers).toEqual([
      'STORED',
      'VALUE a 0 1\nx\nEND',
      'ERROR',
      'CLIENT_ERROR bad command line format',
      'DELETED',
      expect.stringMatching(/^VERSION \d+\.\d+\.\d+$/),
    ])
  })

  it('is silent about what was said to need no reply, also when it is refused', async () => {
    const client = await (await givenMemcached(redis)).client()
    client.send('set a 0 0 1 noreply', 'x', 'set a 0 0 x noreply', 'touch a 5 noreply', 'delete a noreply')
    expect(await client.get('a')).toBe('x')
    client.send('delete a noreply')
    expect(await client.ask('delete a')).toBe('NOT_FOUND')
  })

  it.each(['set a/b 0 0 1', 'get good a/b', 'get {x}', `get ${'k'.repeat(101)}`])(
    'says which keys are names of queues: %s',
    async (line) => {
      const client = await (await givenMemcached(redis)).client()
      await client.set('good', 'x')
      const answer = line.startsWith('set') ? client.ask(line, 'x') : client.ask(line)
      expect(await answer).toMatch(/^CLIENT_ERROR expected the name of a queue as key: /)
      expect(await client.get('good')).toBe('x')
    },
  )

  it('tells the lengths of the queues', async () => {
    const client = await (await givenMemcached(redis)).client()
    for (const value of ['one', 'two', 'three']) await client.set('work', value)
    await client.get('work')
    expect(await client.ask('stats')).toBe(
      [
        'STAT curr_items 3',
        'STAT queue_work_waiting 2',
        'STAT queue_work_delayed 0',
        'STAT queue_work_reserved 1',
        'STAT queue_work_dead 0',
        'END',
      ].join('\n'),
    )
    expect(await client.ask('stats slabs')).toBe('END')
    expect(await client.ask('stats reset')).toBe('RESET')
  })

  it('says when a queue is something else in Redis, and goes on', async () => {
    const client = await (await givenMemcached(redis)).client()
    await redis.client.set(taskList('work'), 'a string')
    expect(await client.set('work', 'x')).toMatch(/^SERVER_ERROR the key task:queue:work holds something/)
    expect(await client.ask('get work')).toMatch(/^SERVER_ERROR the key task:queue:work holds something/)
    expect(await client.set('other', 'x')).toBe('STORED')
  })

  it.each(['POST / HTTP/1.1', 'Host: localhost', '\x80\x01'])(
    'is ended when it speaks another protocol, so that a page in a browser cannot speak this one: %j',
    async (line) => {
      const { client: connect, lines } = await givenMemcached(redis)
      const client = await connect()
      client.send(Buffer.from(line, 'latin1'), 'set task:url 0 0 1', 'x')
      await client.ended()
      expect(await redis.client.keys('*')).toEqual([])
      expect(lines.join()).toContain('not the text protocol of memcached')
    },
  )
})

describe('with AUTH_TOKEN', () => {
  it('a client does nothing before its first set has the token as password', async () => {
    const client = await (await givenMemcached(redis, { token })).client()
    for (const line of ['get a', 'version', 'stats', 'nonsense']) {
      expect(await client.ask(line)).toBe('CLIENT_ERROR unauthenticated')
    }
    expect(await client.set('a', 'user wrong-token')).toBe('CLIENT_ERROR authentication failure')
    expect(await client.set('a', `user${token}`)).toBe('CLIENT_ERROR authentication failure')
    expect(await client.ask('set a 0 0 2000', 'x'.repeat(2000))).toBe('CLIENT_ERROR unauthenticated')
    expect(await redis.client.keys('*')).toEqual([])
    expect(await client.set('any/key', `user ${token}`)).toBe('STORED')
    expect(await client.set('a', 'x'.repeat(2000))).toBe('STORED')
    expect(await client.get('a')).toHaveLength(2000)
  })

  it('the password of one connection is not that of another', async () => {
    const server = await givenMemcached(redis, { token })
    await (await server.client()).set('a', `user ${token}`)
    expect(await (await server.client()).ask('get a')).toBe('CLIENT_ERROR unauthenticated')
  })
})

describe('a server that stops', () => {
  it('lets a client acknowledge what it holds, and gives it nothing more', async () => {
    const { client, server } = await givenMemcached(redis, { graceMs: 20_000 })
    const [ann, bob] = [await client(), await client()]
    for (const value of ['one', 'two']) await ann.set('work', value)
    await ann.get('work')
    const stopping = server.stop()
    await bob.ended()
    expect(await ann.ask('get other work')).toBe('END')
    expect(await ann.ask('delete work')).toBe('DELETED')
    await ann.ended()
    await stopping
    expect(await redis.client.llen(taskList('work'))).toBe(1)
  })

  it('gives back what is held nevertheless, as the next to be taken', async () => {
    const { client, server } = await givenMemcached(redis)
    const ann = await client()
    for (const value of ['one', 'two']) await ann.set('work', value)
    await ann.get('work')
    await server.stop()
    await ann.ended()
    const bob = await (await givenMemcached(redis)).client()
    expect(await bob.get('work')).toBe('one')
  })
})
