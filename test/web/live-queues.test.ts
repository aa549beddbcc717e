import { expect, it } from 'vitest'
import { givenApp } from '../support/app.js'
import { useRedis } from '../support/redis.js'
import { openEvents } from '../support/sse.js'
import { givenTasks } from '../support/tasks.js'

const redis = useRedis()

interface QueuesEvent {
  queues: { name: string; waiting: number }[]
}

const waits = (count: number) => (event: QueuesEvent) =>
  event.queues.some(({ name, waiting }) => name === 'default' && waiting === count)

it('pages are told of queues that changed, and of no others', async () => {
  const [tasks, other] = [await givenTasks(redis), await givenTasks(redis, 'other')]
  await Promise.all([tasks.enqueue('echo'), other.enqueue('echo')])
  const app = await givenApp({ redisUrl: redis.url })
  const stream = await openEvents(app)
  await stream.next<QueuesEvent>('snapshot', waits(1))
  await stream.next('queues')
  for (let count = 2; count <= 5; count++) {
    await tasks.enqueue('echo')
    await stream.next<QueuesEvent>('queues', waits(count))
  }
  const last = stream.named<QueuesEvent>('queues').at(-1)
  expect(last?.data.queues.map(({ name }) => name)).toEqual(['default'])
})

it('whoever comes back with the id of the last event gets what was missed, and not everything', async () => {
  const tasks = await givenTasks(redis)
  const app = await givenApp({ redisUrl: redis.url })
  const stays = await openEvents(app)
  await stays.next('snapshot')
  await tasks.enqueue('echo')
  const { id } = await stays.next<QueuesEvent>('queues', waits(1))
  await tasks.enqueue('echo')
  await stays.next<QueuesEvent>('queues', waits(2))

  const back = await openEvents(app, { headers: { 'last-event-id': id ?? '' } })
  await back.next<QueuesEvent>('queues', waits(2))
  expect(back.named('snapshot')).toEqual([])
  const stranger = await openEvents(app, { headers: { 'last-event-id': 'another-7' } })
  await stranger.next<QueuesEvent>('snapshot', waits(2))
})
