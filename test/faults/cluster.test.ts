import request from 'supertest'
import { describe, expect, it } from 'vitest'
import { schedulesKey, taskList } from '../../src/queue/names.js'
import { givenUser, refusedBy } from '../support/acl.js'
import { givenApp, queueKey } from '../support/app.js'
import { TestCluster } from '../support/cluster.js'
import {
  expectAllLanesToWork,
  expectOrderlyStop,
  expectTasksToBeDone,
  givenLanes,
  type Lanes,
  untilReadable,
} from '../support/lanes.js'
import { givenProducer, unfinished, untilFinished } from '../support/producer.js'
import { eventually } from '../support/tasks.js'

const queues = ['a', 'b', 'c', 'd', 'e', 'f']

/** Those of the queues that a node has as their master. */
async function queuesOf(cluster: TestCluster, node: unknown): Promise<string[]> {
  const masters = await Promise.all(queues.map((queue) => cluster.masterOf(taskList(queue))))
  return queues.filter((_, index) => masters[index] === node)
}

describe('on a Redis Cluster', () => {
  it('every lane works, on whichever nodes its keys are, for the user that docs/operations.md tells to make', async () => {
    const cluster = await TestCluster.start()
    const perNode = await Promise.all(cluster.nodes.map((node) => queuesOf(cluster, node)))
    expect(perNode.filter(({ length }) => length > 0)).toHaveLength(3)
    await Promise.all(cluster.nodes.map(givenUser))
    const lanes = await givenLanes(cluster.urlFor('servery:password@'), queues)
    const { web } = lanes

    await expectAllLanesToWork(lanes, 'x')
    await expectTasksToBeDone(lanes, '?durability=replica')
    await expectDispatch(lanes)
    await expectReserve(web)
    expect((await request(web).get('/audit')).body).toMatchObject({ balanced: true })
    expect((await request(web).get('/workers')).body).toMatchObject({ workers: [{ queues }] })
    expect((await request(web).get('/metrics')).text).toContain('servery_tasks_done{queue="f"}')
    await expectOrderlyStop(lanes)
    for (const node of cluster.nodes) expect(await refusedBy(node)).toEqual([])
    // The blocked read was ended because it was asked to, at the node where it was.
    const { client } = await cluster.masterOf(queueKey)
    expect(await client.info('commandstats')).toContain('cmdstat_client|unblock')
  })

  it('work goes on when a master is killed, and nothing is lost that a replica has', async () => {
    const cluster = await TestCluster.start()
    const lanes = await givenLanes(cluster.url, queues)
    const { web } = lanes
    const [plain, safe] = [givenProducer(web, queues), givenProducer(web, queues, '?durability=replica')]
    await Promise.all([plain.untilMore(), safe.untilMore()])

    const victim = await cluster.masterOf(schedulesKey)
    const struck = await queuesOf(cluster, victim)
    const killedAt = Date.now()
    await victim.kill()
    await untilReadable(lanes)
    const readableAt = Date.now()
    // As a replica; until then there is none that could confirm what its successor takes.
    victim.restart()
    await Promise.all([plain.untilMore(), safe.untilMore()])
    await expectAllLanesToWork(lanes, 'y')
    const [accepted, confirmed] = await Promise.all([plain.stop(), safe.stop()])
    await request(web).delete('/schedules/tick').expect(204)
    await untilFinished(web, queues)

    const lost = await unfinished(web, accepted)
    console.log(
      `failover in ${readableAt - killedAt} ms; of ${accepted.length} tasks ${lost.length} were lost, of ${confirmed.length} with durability=replica none`,
    )
    expect(await unfinished(web, confirmed)).toEqual([])
    expect(
      lost.filter(({ queue, answeredAt }) => !struck.includes(queue) || answeredAt > readableAt),
    ).toEqual([])
    expect((await request(web).get('/audit')).body).toMatchObject({ balanced: true })
  }, 60_000)

  it.each(['killed', 'frozen'] as const)('all nodes %s is a 503 in time', { retry: 2 }, async (how) => {
    const cluster = await TestCluster.start()
    const { server } = await givenApp({ redisUrl: cluster.url })
    await request(server).get('/readyz').expect(200)
    await Promise.all(cluster.nodes.map(async (node) => (how === 'killed' ? node.kill() : node.freeze())))
    const tookMs = await Promise.all(
      routes.map(async ([method, path, sent]) => {
        const since = performance.now()
        const { status } = await request(server)[method](path).send(sent)
        expect([path, status]).toEqual([path, 503])
        return Math.round(performance.now() - since)
      }),
    )
    console.log(`all nodes ${how}: 503 after ${Math.max(...tookMs)} ms at most (promised: 2000)`)
    expect(Math.max(...tookMs)).toBeLessThan(2000)
    if (how === 'killed') return
    for (const node of cluster.nodes) node.thaw()
    await eventually(() => request(server).get('/readyz').expect(200))
    await request(server).post('/prodcons').send({ value: 1 }).expect(202)
  })
})

const routes = [
  ['get', '/readyz', undefined],
  ['post', '/prodcons', { value: 1 }],
  ['post', '/pubsub', { message: 1 }],
  ['post', '/tasks', { task: 'echo', queue: 'a', data: { message: 1 } }],
  ['get', '/queues/b', undefined],
  ['get', '/workers', undefined],
  ['get', '/schedules', undefined],
] as const

async function expectDispatch({ web, pubsub: [anna, berta] }: Lanes): Promise<void> {
  await request(web).post('/pubsub').send({ message: 'for-anna', to: 'anna' }).expect(202)
  await anna.line(/for-anna/)
  expect(berta.matching(/for-anna/)).toEqual([])
  await request(web).post('/pubsub').send({ message: 'for-nobody', to: 'nobody' }).expect(404)
}

/** By a consumer over HTTP, from a queue that no worker takes from. */
async function expectReserve(web: string): Promise<void> {
  const task = { task: 'echo', queue: 'http', data: { message: 1 } }
  await request(web).post('/tasks').send(task).expect(202)
  const { body } = await request(web).post('/queues/http/reserve').expect(200)
  await request(web)
    .post(`/leases/${(body as { lease: string }).lease}/ack`)
    .expect(200)
}
