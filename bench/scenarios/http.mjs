import { expectCount } from '../measure/wait.mjs'
import { startBareServer, startWeb } from '../measure/web.mjs'
import { dataOf, textOf } from '../payload.mjs'
import { startRole } from '../processes/process.mjs'

const connections = 100
// Until the code of a route is compiled: short of that a request costs several times as much.
const warmUp = 5000
const arraySize = 100
const bareList = 'floor:bench'
const plainList = 'task:prodcons:queue'
const taskList = 'task:queue:default'

const json = { 'content-type': 'application/json' }
const ndjson = { 'content-type': 'application/x-ndjson' }
const taskRequest = { task: 'noop', data: dataOf(0) }
const value = JSON.stringify({ value: textOf(0) })

/** Posts to Servery: `perRequest` elements in `list` for each. */
const posts = [
  { row: 'POST /prodcons', path: '/prodcons', list: plainList, body: value, perRequest: 1 },
  { row: 'POST /tasks', path: '/tasks', list: taskList, body: JSON.stringify(taskRequest), perRequest: 1 },
  {
    row: `POST /tasks, arrays of ${arraySize}`,
    path: '/tasks',
    list: taskList,
    body: JSON.stringify(Array(arraySize).fill(taskRequest)),
    perRequest: arraySize,
  },
]

/** Enqueuing over HTTP, beside a bare route; each server a process of its own, and so is the client. @type {import('../run.mjs').Scenario} */
export const scenario = {
  subjects: ['floor', 'servery'],
  measure: (bench, subject) => (subject === 'floor' ? measureBare(bench) : measureServery(bench)),
}

/** Beside both rows that are compared with it stands the same. */
async function measureBare(bench) {
  const server = await startBareServer(bench, bareList)
  return withLoad(server, async (load) => {
    const post = { path: '/', list: bareList, body: value, perRequest: 1 }
    const measured = await measurePost(bench, { server, load, ...post })
    return ['POST /prodcons', 'POST /tasks'].flatMap((row) => toRows(row, measured))
  })
}

async function measureServery(bench) {
  const server = await startWeb(bench)
  return withLoad(server, async (load) => {
    const results = []
    for (const post of posts) {
      results.push(...toRows(post.row, await measurePost(bench, { server, load, ...post })))
    }
    return [...results, ...toRows('POST /tasks, NDJSON', await measureUpload(bench, { server, load }))]
  })
}

const toRows = (row, { rate, cpuUs }) => [
  { row, unit: '/s', value: rate },
  { row: `${row}: CPU of the server`, unit: 'µs each', value: cpuUs },
]

async function withLoad(server, work) {
  const load = startRole('load')
  try {
    return await work(load)
  } finally {
    await load.end()
    await server.process.end()
  }
}

async function measurePost(bench, { server, load, path, list, body, perRequest }) {
  const amount = perRequest === 1 ? bench.sizes.requests : Math.ceil((bench.sizes.requests / perRequest) * 5)
  const request = { url: `${server.url}${path}`, body, headers: json, connections }
  await load.call('post', { ...request, amount: Math.max(connections, Math.ceil(warmUp / perRequest)) })
  return perElement(bench, { server, list, count: amount * perRequest }, async () => {
    const { ms, good, bad } = await load.call('post', { ...request, amount })
    expectCount('requests refused', bad, 0)
    expectCount('requests answered', good, amount)
    return ms
  })
}

async function measureUpload(bench, { server, load }) {
  const count = bench.sizes.tasks
  const upload = { url: `${server.url}/tasks`, line: `${JSON.stringify(taskRequest)}\n`, headers: ndjson }
  await load.call('upload', { ...upload, count: warmUp })
  return perElement(bench, { server, list: taskList, count }, async () => {
    const { ms, good } = await load.call('upload', { ...upload, count })
    expectCount('lines answered', good, count)
    return ms
  })
}

/** What it takes to put `count` elements into a list that was empty. */
async function perElement({ redis }, { server, list, count }, send) {
  await redis.empty()
  const before = await server.process.call('usage')
  const ms = await send()
  const after = await server.process.call('usage')
  expectCount('elements in the list', await redis.client.llen(list), count)
  return { rate: count / (ms / 1000), cpuUs: (after.cpuUs - before.cpuUs) / count }
}
