import fc from 'fast-check'
import { expect, describe, it } from 'vitest'
import { taskKeys, taskList } from '../../src/queue/names.js'
import { type Outcome, TaskConsumer } from '../../src/queue/task-consumer.js'
import { givenMemcached, type MemcachedClient } from '../support/memcached.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks } from '../support/tasks.js'

const redis = useRedis()
const keys = taskKeys(taskList('work'))

/** A server on whose queue somebody else can act in the server's own name. */
async function givenServer() {
  const { client } = await givenMemcached(redis)
  const [ann, bob] = [await client(), await client()]
  for (const value of ['one', 'two']) await ann.set('work', value)
  expect(await ann.get('work')).toBe('one')
  const [id = ''] = (await redis.client.zrange(keys.consumers, '0', '-1')).filter((each) =>
    /^memcached~/.test(each),
  )
  const { connections } = await givenTasks(redis, 'work')
  const retention = { resultTtlMs: 0, deadMax: 1, deadTtlMs: 1 }
  const impostor = new TaskConsumer(connections.commands, { queue: 'work', id }, retention)
  const settleAll = async (outcome: Outcome) =>
    impostor.settle((await impostor.held()).map((started) => ({ id: started.toString().slice(1), outcome })))
  return { ann, bob, impostor, settleAll }
}

describe('a server', () => {
  it('knows that a value is no longer held when its lease was lost: its client can take another', async () => {
    const { ann, settleAll } = await givenServer()
    await settleAll({ kind: 'done', detail: 'null' })
    expect(await ann.ask('delete work')).toBe('NOT_FOUND')
    expect(await ann.get('work')).toBe('two')
    await settleAll({ kind: 'return' })
    await eventually(async () => expect(await ann.get('work')).toBe('two'))
    expect(await ann.ask('delete work')).toBe('DELETED')
  })

  it('gives back what it was handed without its knowledge, as when an answer of Redis is lost', async () => {
    const { bob, impostor } = await givenServer()
    expect((await impostor.reserve(1)).tasks).toMatchObject([{ data: 'two' }])
    expect(await bob.get('work')).toBeUndefined()
    await eventually(async () => expect(await bob.get('work')).toBe('two'))
    expect(await redis.client.hget(keys.stats, 'active')).toBe('2')
  })

  it('serves a thousand queues at a time, and says so', async () => {
    const client = await (await givenMemcached(redis)).client()
    const names = Array.from({ length: 1001 }, (_, index) => `q${index}`)
    for (const name of names) client.send(`set ${name} 0 0 1 noreply`, 'x')
    const many = await client.ask(`get ${names.slice(0, 1000).join(' ')}`)
    expect(many.match(/^VALUE /gm)).toHaveLength(1000)
    expect(await client.ask('get q1000')).toMatch(/^SERVER_ERROR .*1000 queues/)
    expect(await client.ask('delete q0')).toBe('DELETED')
    expect(await client.set('q0', 'x')).toBe('STORED')
  })
})

describe('clients and queues', () => {
  it('do what a simple model of them does, whatever is asked in whatever order', async () => {
    const server = await givenMemcached(redis)
    const clients = [await server.client(), await server.client(), await server.client()]
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async (asked) => {
        await redis.client.flushall()
        const model = new Model(clients.length)
        for (const [who, what] of asked) {
          const client = clients[who] as MemcachedClient
          expect(await client.ask(...what)).toBe(model.answer(who, what))
        }
        // The reservations of this run are none of the next one's.
        for (const client of clients) for (const name of queues) await client.ask(`delete ${name}`)
      }),
      { numRuns: 60 },
    )
  })
})

const queues = ['a', 'b']
const queue = fc.constantFrom(...queues)
const requests = fc.oneof(
  fc
    .tuple(queue, fc.integer({ min: 0, max: 999 }))
    .map(([name, n]) => [`set ${name} 0 0 ${String(n).length}`, String(n)]),
  queue.map((name) => [`get ${name}`]),
  fc.constantFrom('get a b', 'gets a b', 'gets b a').map((line) => [line]),
  queue.map((name) => [`delete ${name}`]),
  queue.map((name) => [`touch ${name} -1`]),
)
const steps = fc.tuple(fc.nat({ max: 2 }), requests)

/** What should happen: lists, and for each client what it holds. */
class Model {
  readonly #waiting = new Map<string, string[]>(queues.map((name) => [name, []]))
  readonly #held: Map<string, string>[]

  constructor(clients: number) {
    this.#held = Array.from({ length: clients }, () => new Map())
  }

  answer(who: number, [line = '', data = '']: string[]): string {
    const [command, ...args] = line.split(' ')
    const [name = ''] = args
    const held = this.#held[who] as Map<string, string>
    const list = this.#waiting.get(name) as string[]
    if (command === 'set') {
      list.push(data)
      return 'STORED'
    }
    if (command === 'delete') return held.delete(name) ? 'DELETED' : 'NOT_FOUND'
    if (command === 'get') return [...args.flatMap((each) => this.#take(held, each, '')), 'END'].join('\n')
    if (command === 'gets') {
      const first = args.find((each) => !held.has(each) && this.#waiting.get(each)?.length)
      return [...(first ? this.#take(held, first, ' 1') : []), 'END'].join('\n')
    }
    const value = held.get(name)
    if (value === undefined) return 'NOT_FOUND'
    held.delete(name)
    list.push(value)
    return 'TOUCHED'
  }

  #take(held: Map<string, string>, name: string, cas: string): string[] {
    const value = held.has(name) ? undefined : this.#waiting.get(name)?.shift()
    if (value === undefined) return []
    held.set(name, value)
    return [`VALUE ${name} 0 ${value.length}${cas}\n${value}`]
  }
}
