// `npm run screenshots`: starts the whole system on a Redis of its own, gives it work, and takes the README's screenshots.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { chromium } from 'playwright-core'
import { findProgram } from './find-program.mjs'
import { root } from './root.mjs'

const images = join(root, 'docs/images')
const viewport = { width: 1280, height: 800 }
/** Long enough for lines in the charts. */
const busyMs = 45_000
const folder = mkdtempSync(join(tmpdir(), 'servery-screenshots-'))
const children = []

try {
  await takeAll(await startSystem())
} finally {
  for (const child of children.reverse()) child.kill('SIGTERM')
  await Promise.all(children.map((child) => child.exitCode ?? once(child, 'exit')))
  rmSync(folder, { recursive: true })
}

/** Starts everything; returns where the page is. */
async function startSystem() {
  const socket = join(folder, 'redis.sock')
  const redis = process.env.REDIS_SERVER ?? findProgram('redis-server')
  run(redis, ['--port', '0', '--unixsocket', socket, '--dir', folder, '--appendonly', 'yes'])
  const env = { REDIS_URL: `unix://${socket}`, PORT: '0', LOG_FORMAT: 'json', DATA_DIR: folder }
  const web = run(process.execPath, ['dist/src/server.js'], env)
  const url = await new Promise((resolve, reject) => {
    web.stdout.on('data', (text) => {
      const found = /http:\/\/[\d.:]+/.exec(text)
      if (found) resolve(found[0])
    })
    web.once('exit', () => reject(new Error('the web process has ended: run npm run build first')))
  })
  for (const name of ['anna', 'ben']) {
    run(process.execPath, ['dist/workers/tasks.js'], { ...env, WORKER_NAME: name, CONCURRENCY: '3' })
  }
  run(process.execPath, ['dist/workers/prodcons.js'], { ...env, WORKER_NAME: 'carl' })
  run(process.execPath, ['dist/workers/pubsub.js'], { ...env, WORKER_NAME: 'dora' })
  return url
}

function run(program, args, env = {}) {
  const stdio = ['ignore', 'pipe', 'inherit']
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio })
  child.stdout.setEncoding('utf8').resume()
  children.push(child)
  return child
}

/** @param {string} url */
async function takeAll(url) {
  const executablePath = process.env.CHROME_PATH ?? findProgram('chromium')
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] })
  try {
    const open = async (colorScheme) => (await browser.newContext({ viewport, colorScheme })).newPage()
    const watching = await open('light')
    await watching.goto(url)
    const { id } = await work(url)
    for (const scheme of ['light', 'dark']) {
      const page = await open(scheme)
      for (const [name, path] of shots(id)) {
        await page.goto(url + path)
        await page.locator('#state[data-state="live"]').waitFor()
        await sleep(2000)
        await page.screenshot({ path: join(images, `${name}-${scheme}.png`), fullPage: name !== 'queue' })
      }
    }
  } finally {
    await browser.close()
  }
}

function shots(id) {
  return [
    ['page', '/'],
    ['queue', '/queues/default?state=dead'],
    ['task', `/tasks/${id}`],
  ]
}

/** Gives the system work for a while, some of which fails; returns a task that is being done. */
async function work(url) {
  const until = Date.now() + busyMs
  for (let round = 0; Date.now() < until; round += 1) {
    await send(`${url}/tasks`, [
      ...Array.from({ length: 3 + (round % 5) }, () => task('sleep', { seconds: 0.4 })),
      task('checksum', { file: `report-${round}.pdf` }, { attempts: 1 }),
      task('echo', { message: 'good morning' }, { delay: '1h', queue: 'mails' }),
    ])
    await send(`${url}/pubsub`, { message: `round ${round}` })
    await send(`${url}/prodcons`, { value: round })
    await sleep(600)
  }
  return send(`${url}/tasks`, task('sleep', { seconds: 40 }, { priority: 'high' }))
}

function task(name, data, settings = {}) {
  return { task: name, data, ...settings }
}

async function send(url, body) {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
