import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { startRole, startServery } from '../processes/process.mjs'
import { waitUntil } from './wait.mjs'

const handlersDir = fileURLToPath(new URL('../handlers', import.meta.url))

/** What Servery's processes are set to: as users run them, but for handlers that do nothing and room for many tasks. */
const settings = { TASKS_DIR: handlersDir, MAX_LENGTH: '0', DEAD_MAX: '1000000', HOST: '127.0.0.1' }

/** @param {import('../run.mjs').Bench} bench */
const environment = ({ redis }) => ({ ...settings, REDIS_URL: `unix://${redis.socket}` })

/** Servery's web process on a free port. @param {import('../run.mjs').Bench} bench */
export async function startWeb(bench) {
  const port = await freePort()
  const env = { ...environment(bench), PORT: String(port) }
  const process = startServery('src/server.js', { env, ...bench.nodeOptions('web', 'servery') })
  const url = `http://127.0.0.1:${port}`
  await waitUntil(
    () => isReady(url),
    (ready) => ready,
  )
  return { process, url }
}

/** Servery's tasks worker with its usual settings. @param {import('../run.mjs').Bench} bench @param {NodeJS.ProcessEnv} [env] */
export function startTasksWorker(bench, env = {}) {
  return startServery('workers/tasks.js', {
    env: { ...environment(bench), ...env },
    ...bench.nodeOptions('tasks', 'servery'),
  })
}

/** A Fastify server with one route that does one LPUSH. @param {import('../run.mjs').Bench} bench @param {string} list */
export async function startBareServer({ redis, nodeOptions }, list) {
  const process = startRole('bare-server', nodeOptions('bare-server', 'floor'))
  return { process, url: await process.call('listen', { socket: redis.socket, list }) }
}

async function isReady(url) {
  const answer = await fetch(`${url}/readyz`).catch(() => undefined)
  return answer?.status === 200
}

async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}
