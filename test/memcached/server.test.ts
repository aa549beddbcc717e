import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { taskKeys, taskList } from '../../src/queue/names.js'
import { givenMemcached } from '../support/memcached.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks } from '../support/tasks.js'

const redis = useRedis()

async function givenClients() {
  const server = await givenMemcached(redis)
  return { server, ann: await server.client(), bob: await server.client() }
}

describe('set and get', () => {
  it('hand over the oldest value with its flags, one to each client', async () => {
    const { ann, bob } = await givenClients()
    expect(await ann.set('work', 'one', { flags: 4_294_967_295 })).toBe('STORED')
    expect(await ann.set('work', 'two')).toBe('STORED')
    expect(await ann.ask('get work')).toBe('VALUE work 4294967295 3\none\nEND')
    expect(await bob.ask('get work')).toBe('VALUE work 0 3\ntwo\nEND')
  })

  it('give a client one value of a queue at a time', async () => {
    const { ann } = await givenClients()
    await ann.set('work', 'one')
    await ann.set('work', 'two')
    expect(await ann.get('work')).toBe('one')
    expect(await ann.ask('get work')).toBe('END')
    expect(await ann.ask('delete work')).toBe('DELETED')
    expect(await ann.get('work')).toBe('two')
  })

  it('answer with END where there is nothing, and leave nothing in Redis for that', async () => {
    const { ann } = await givenClients()
    expect(await ann.ask('get nothing')).toBe('END')
    expect(await redis.client.keys('*')).toEqual([])
  })

  it('reserve one of each key, in the order of the keys', async () => {
    const { ann } = await givenClients()
    for (const key of ['a', 'b', 'c']) await ann.set(key, key.toUpperCase())
    expect(await ann.ask('get c none a c')).toBe('VALUE c 0 1\nC\nVALUE a 0 1\nA\nEND')
    expect(await ann.ask('get a b')).toBe('VALUE b 0 1\nB\nEND')
  })

  it('keep every byte, up to 1 MiB', async () => {
    const { ann } = await givenClients()
    const values = [
      Buffer.alloc(0),
      Buffer.from([1]),
      Buffer.from([2, ...Buffer.from('n0000000000000000')]),
      Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
      Buffer.from('\ufeffÄ\0\r\n💥'),
      randomBytes(1024 * 1024),
    ]
    for (const value of values) {
      expect(await ann.set('bytes', value)).toBe('STORED')
      const answer = await ann.ask('get bytes')
      const expected = `VALUE bytes 0 ${value.length}\n${value.toString('latin1')}\nEND`
      expect(answer === expected).toBe(true)
      expect(await ann.ask('delete bytes')).toBe('DELETED')
    }
  })

  it('refuse a larger value and go on', async () => {
    const { ann } = await givenClients()
    const large = Buffer.alloc(1024 * 1024 + 1)
    expect(await ann.set('work', large)).toBe('SERVER_ERROR object too large for cache')
    expect(await ann.get('work')).toBeUndefined()
  })

  it('say when the queue is full, and lose nothing of it', async () => {
    const { client } = await givenMemcached(redis, { maxLength: 1 })
    const ann = await client()
    expect(await ann.set('work', 'one')).toBe('STORED')
    expect(await ann.set('work', 'two')).toMatch(/^SERVER_ERROR .*full$/)
    expect(await ann.get('work')).toBe('one')
  })
})

describe('gets', () => {
  it('reserves of the first key that has a value', async () => {
    const { ann } = await givenClients()
    await ann.set('b', 'one')
    await ann.set('c', 'two')
    expect(await ann.ask('gets a b c')).toBe('VALUE b 0 3 1\none\nEND')
    expect(await ann.ask('gets a b c')).toBe('VALUE c 0 3 1\ntwo\nEND')
    expect(await ann.ask('gets a b c')).toBe('END')
  })
})

describe('delete', () => {
  it('acknowledges what this client reserved, once', async () => {
    const { ann, bob } = await givenClients()
    await ann.set('work', 'one')
    expect(await ann.ask('delete work')).toBe('NOT_FOUND')
    await ann.get('work')
    expect(await bob.ask('delete work')).toBe('NOT_FOUND')
    expect(await ann.ask('delete work')).toBe('DELETED')
    expect(await ann.ask('delete work')).toBe('NOT_FOUND')
    const { list } = taskKeys(taskList('work'))
    expect(await redis.client.exists(list, taskKeys(list).tasks, taskKeys(list).active)).toBe(0)
  })

  it('leaves no record of a value, for nobody knows its id', async () => {
    const { ann } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    await ann.set('work', 'one')
    await ann.get('work')
    await ann.ask('delete work')
    expect(await redis.client.keys('*:task:*')).toEqual([])
    expect(await tasks.audit()).toMatchObject({ accepted: 1, done: 1, difference: 0 })
  })
})

describe('a client that goes', () => {
  it('gives back what it reserved, to the back of the queue', async () => {
    const { ann, bob } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    for (const value of ['one', 'two']) await ann.set('work', value)
    await ann.get('work')
    ann.close()
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ waiting: 2, active: 0 }))
    expect(await bob.get('work')).toBe('two')
    await bob.ask('delete work')
    expect(await bob.get('work')).toBe('one')
  })

  it('by quit, or in the middle of a request, does as well', async () => {
    const { ann, bob, server } = await givenClients()
    await ann.set('work', 'one')
    await ann.get('work')
    ann.send('quit')
    await ann.ended()
    await eventually(async () => expect(await bob.get('work')).toBe('one'))
    bob.socket.write('set work 0 0 100\r\nhalf')
    bob.close()
    const cyd = await server.client()
    await eventually(async () => expect(await cyd.get('work')).toBe('one'))
  })

  it('again and again with the same value makes it dead in the end', async () => {
    const { server } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    await (await server.client()).set('work', 'poison')
    for (let times = 0; times <= 20; times += 1) {
      const client = await server.client()
      await eventually(async () => expect(await client.get('work')).toBe('poison'))
      client.close()
    }
    await eventually(async () => expect(await tasks.counts()).toMatchObject({ waiting: 0, dead: 1 }))
    const { tasks: dead } = await tasks.inspector.page('dead')
    expect(dead[0]?.error?.message).toMatch(/given back 20 times/)
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
  })

  it('that is done with sending still gets its answers', async () => {
    const { ann } = await givenClients()
    ann.socket.end('set work 0 0 3\r\none\r\nget work\r\n')
    expect(await ann.line()).toBe('STORED')
    expect(await ann.answer()).toBe('VALUE work 0 3\none\nEND')
    await ann.ended()
  })
})

describe('an exptime', () => {
  it('drops what nobody has taken by then, for whoever takes', async () => {
    const { ann } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    await ann.set('work', 'short', { exptime: 1 })
    await ann.set('work', 'long', { exptime: 100 })
    await ann.set('work', 'until', { exptime: Math.floor(Date.now() / 1000) + 3 })
    await ann.set('work', 'past', { exptime: Math.floor(Date.now() / 1000) - 3 })
    await ann.set('work', 'never', { exptime: -1 })
    expect(await tasks.counts()).toMatchObject({ waiting: 3 })
    await sleep(1010)
    expect(await ann.get('work')).toBe('long')
    expect(await tasks.counts()).toMatchObject({ waiting: 1, active: 1, removed: 1 })
    expect(await tasks.audit()).toMatchObject({ difference: 0 })
  })

  it('is over once somebody has taken the value', async () => {
    const { ann, bob } = await givenClients()
    await ann.set('work', 'one', { exptime: 1 })
    await ann.get('work')
    await sleep(1010)
    await ann.ask('touch work -1')
    expect(await bob.get('work')).toBe('one')
  })

  it('makes room in a full queue when it is over', async () => {
    const { client } = await givenMemcached(redis, { maxLength: 2 })
    const ann = await client()
    for (const value of ['one', 'two']) await ann.set('work', value, { exptime: 1 })
    expect(await ann.set('work', 'three')).toMatch(/full/)
    await sleep(1010)
    expect(await ann.set('work', 'three')).toBe('STORED')
    expect(await redis.client.llen(taskList('work'))).toBe(1)
  })
})

describe('touch', () => {
  it('extends a reservation, which else goes back when its time is over', async () => {
    const { client } = await givenMemcached(redis, { leaseMs: 1 })
    const [ann, bob] = [await client(), await client()]
    await ann.set('a', 'one')
    await ann.set('b', 'two')
    await ann.ask('get a b')
    expect(await ann.ask('touch a 100')).toBe('TOUCHED')
    await eventually(async () => expect(await bob.get('b')).toBe('two'))
    expect(await ann.ask('touch b 100')).toBe('NOT_FOUND')
    expect(await ann.ask('delete a')).toBe('DELETED')
  })

  it('gives a value back at once for a time that is over', async () => {
    const { ann, bob } = await givenClients()
    await ann.set('work', 'one')
    await ann.get('work')
    expect(await ann.ask('touch work -1')).toBe('TOUCHED')
    expect(await bob.get('work')).toBe('one')
    expect(await ann.ask('touch work 5')).toBe('NOT_FOUND')
  })
})

describe('the other lanes', () => {
  it('take what a client set, and a client gets what they gave', async () => {
    const { ann } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    await tasks.enqueue('echo', { list: [], big: 1 })
    await redis.client.lpush(taskList('work'), Buffer.from([0xff, 0x00]))
    expect(await ann.get('work')).toBe('{"list":[],"big":1}')
    expect(await ann.ask('delete work')).toBe('DELETED')
    expect(await ann.get('work')).toBe('\xff\0')
    expect(await ann.ask('delete work')).toBe('DELETED')
    expect(await tasks.audit()).toMatchObject({ accepted: 2, done: 2, difference: 0 })
  })

  it('show a value that is no text as base64', async () => {
    const { ann } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    await ann.set('work', Buffer.from([0xff]), { flags: 3 })
    const { tasks: waiting } = await tasks.inspector.page('waiting')
    expect(waiting).toMatchObject([{ task: '', data: '/w==', encoding: 'base64', flags: 3 }])
  })

  it('can cancel what a client holds: then it is not given back', async () => {
    const { ann } = await givenClients()
    const tasks = await givenTasks(redis, 'work')
    const id = await tasks.enqueue('echo')
    await ann.get('work')
    await tasks.queue.cancel(id.slice('work.'.length), 60_000)
    ann.close()
    expect(await tasks.untilState(id, 'cancelled')).toMatchObject({ id })
  })
})
