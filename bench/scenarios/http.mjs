import { expectCount } from '../measure/wait.mjs'
import { startBareServer, startWeb } from '../measure/web.mjs'
import { dataOf, textOf } from '../payload.mjs'
import { startRole } from '../processes/process.mjs'

const connections = 100
const warmUp = 1000
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

// The same number stands beside both rows that are compared with it.
async function measureBare(bench) {
  const server = await startBareServer(bench, bareList)
  return withLoad(server, async (load) => {
    const post = { path: '/', list: bareList, body: value, perRequest: 1 }
    const rate = await measurePost(bench, { server, load, ...post })
    return [
      { row: 'POST /prodcons', unit: '/s', value: rate },
      { row: 'POST /tasks', unit: '/s', value: rate },
    ]
  })
}

async function measureServery(bench) {
  const server = await startWeb(bench)
  return withLoad(server, async (load) => {
    const results = []
    for (const post of posts) {
      results.push({ row: post.row, unit: '/s', value: await measurePost(bench, { server, load, ...post }) })
    }
    const uploaded = await measureUpload(bench, { server, load })
    return [...results, { row: 'POST /tasks, NDJSON', unit: '/s', value: uploaded }]
  })
}

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
  await bench.redis.empty()
  await load.call('post', { ...request, amount: Math.max(connections, Math.ceil(warmUp / perRequest)) })
  await bench.redis.empty()
  const { ms, good, bad } = await load.call('post', { ...request, amount })
  expectCount('requests refused', bad, 0)
  expectCount('elements in the list', await bench.redis.client.llen(list), good * perRequest)
  return (good * perRequest) / (ms / 1000)
}

async function measureUpload(bench, { server, load }) {
  const count = bench.sizes.tasks
  const upload = { url: `${server.url}/tasks`, line: `${JSON.stringify(taskRequest)}\n`, headers: ndjson }
  await load.call('upload', { ...upload, count: warmUp })
  await bench.redis.empty()
  const { ms, good } = await load.call('upload', { ...upload, count })
  expectCount('lines answered', good, count)
  expectCount('elements in the list', await bench.redis.client.llen(taskList), count)
  return count / (ms / 1000)
}
