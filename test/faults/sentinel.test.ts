import request from 'supertest'
import { expect, it } from 'vitest'
import { expectAllLanesToWork, expectOrderlyStop, givenLanes, untilReadable } from '../support/lanes.js'
import { givenProducer, unfinished, untilFinished } from '../support/producer.js'
import { givenSentinels } from '../support/sentinels.js'

it('with Sentinels work goes on when the master is killed, and nothing is lost that a replica has', async () => {
  const { url, master, replicas } = await givenSentinels()
  const lanes = await givenLanes(url, ['a', 'b'])
  const { web, queues } = lanes
  await expectAllLanesToWork(lanes, 'x')
  const safe = givenProducer(web, queues, '?durability=replica')
  await safe.untilMore()

  const killedAt = Date.now()
  await master.kill()
  await untilReadable(lanes)
  const failoverMs = Date.now() - killedAt
  await safe.untilMore()
  await expectAllLanesToWork(lanes, 'y')
  const confirmed = await safe.stop()
  await request(web).delete('/schedules/tick').expect(204)
  await untilFinished(web, queues)

  console.log(
    `failover in ${failoverMs} ms; of ${confirmed.length} tasks with durability=replica none were lost`,
  )
  expect(await unfinished(web, confirmed)).toEqual([])
  expect((await request(web).get('/audit')).body).toMatchObject({ balanced: true })
  const roles = await Promise.all(replicas.map(({ client }) => client.info('replication')))
  expect(roles.filter((role) => role.includes('role:master'))).toHaveLength(1)
  await expectOrderlyStop(lanes)
}, 60_000)
