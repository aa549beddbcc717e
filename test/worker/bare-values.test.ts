import { expect, it } from 'vitest'
import { taskList } from '../../src/queue/names.js'
import { useRedis } from '../support/redis.js'
import { eventually, givenTasks, givenWorkers, untilIdle } from '../support/tasks.js'

const redis = useRedis()
const list = taskList('default')

/** Beginnings and forms that mean something in a list of Servery's own. */
const odd = [
  '\x01',
  '\x02',
  '\x03',
  '\x04',
  '\x03hello',
  '\x02abcdefghijklmnopq',
  '\x04nbcdefghijklmnop!',
  '\x03n\n',
  '',
]

it('takes any value that another program pushed for what it is, and goes on minding what it holds', async () => {
  const tasks = await givenTasks(redis)
  await givenWorkers(tasks, 1)
  await untilIdle(tasks, 1)
  const values = [...odd.map((text) => Buffer.from(text)), Buffer.from([0xff, 0xfe]), Buffer.from([3, 0xff])]
  for (const value of values) await redis.client.lpush(list, value)
  await eventually(async () =>
    expect(await tasks.counts()).toMatchObject({ dead: values.length, waiting: 0 }),
  )
  await redis.client.lpush(list, ...values)
  await eventually(async () =>
    expect(await tasks.counts()).toMatchObject({ dead: 2 * values.length, active: 0 }),
  )
  expect(await tasks.audit()).toMatchObject({ accepted: 2 * values.length, held: 0, difference: 0 })
})
