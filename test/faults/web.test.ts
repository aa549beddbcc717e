import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { givenPortInUse } from '../support/port.js'
import { givenProcess, type TestProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

const givenWeb = (env: Record<string, string> = {}) =>
  givenProcess('src/server.js', { REDIS_URL: redis.url, PORT: '0', ...env })

async function addressOf(web: TestProcess): Promise<string> {
  const line = await web.line(/the page is at http/)
  return /http:\/\/[^"]+/.exec(line)?.[0] ?? line
}

const statusOf = async (url: string) => (await fetch(url)).status

describe('the web process without Redis', () => {
  it('starts, says that it is alive and not ready, answers 503, and comes up when Redis does', async () => {
    await redis.kill()
    const web = givenWeb()
    const page = await addressOf(web)
    expect(await statusOf(`${page}/healthz`)).toBe(200)
    expect(await statusOf(`${page}/readyz`)).toBe(503)
    const refused = await fetch(`${page}/prodcons`, { method: 'POST' })
    expect(refused.status).toBe(503)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    await redis.start()
    await expect.poll(() => statusOf(`${page}/readyz`), { timeout: 20_000 }).toBe(200)
    expect((await fetch(`${page}/prodcons`, { method: 'POST' })).status).toBe(202)
    expect(web.matching(/Redis is out of reach, waiting/)).toHaveLength(1)
  })

  it('exits with 0 when it is told to stop', async () => {
    await redis.kill()
    const web = givenWeb()
    await addressOf(web)
    web.signal('SIGTERM')
    expect(await web.exit()).toBe(0)
  })
})

describe('the web process told to stop', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'closes open event streams and exits with 0 on %s',
    async (signal) => {
      // Were it to wait for the page to go, it would be over-due and exit with 1.
      const web = givenWeb({ SHUTDOWN_GRACE: '0s' })
      const page = await addressOf(web)
      const response = await fetch(`${page}/events`, { headers: { accept: 'text/event-stream' } })
      expect(response.headers.get('content-type')).toContain('text/event-stream')
      const reading = response.text().catch((error: unknown) => String(error))
      web.signal(signal)
      expect(await web.exit()).toBe(0)
      expect(web.matching(/could not stop in time/)).toEqual([])
      expect(await reading).toContain('event:')
    },
  )
})

describe('a client of a web process that is told to stop', () => {
  const half = 'POST /prodcons HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/plain\r\n'
  it.each([
    // Without a bound of its own it would wait for ten minutes, and the test time out.
    ['no request', '', '10m'],
    ['half the headers of one', half, '10m'],
    ['half a body', `${half}Content-Length: 10\r\n\r\n12345`, '1s'],
  ])('is not waited for when it sends %s', async (_what, sent, grace) => {
    const web = givenWeb({ SHUTDOWN_GRACE: grace })
    const { port } = new URL(await addressOf(web))
    const client = connect(Number(port), '127.0.0.1').on('error', () => undefined)
    onTestFinished(() => void client.destroy())
    client.write(sent)
    // Answered after it: what was sent before has arrived.
    expect(await statusOf(`http://127.0.0.1:${port}/healthz`)).toBe(200)
    const since = performance.now()
    web.signal('SIGTERM')
    expect(await web.exit()).toBe(0)
    expect(performance.now() - since).toBeLessThan(5000)
    expect(web.matching(/could not stop in time/)).toEqual([])
  })

  it('may finish an upload that is under way', async () => {
    const web = givenWeb()
    const { port } = new URL(await addressOf(web))
    const headers = { 'content-type': 'application/x-ndjson', 'transfer-encoding': 'chunked' }
    const upload = request({ port, host: '127.0.0.1', path: '/tasks', method: 'POST', headers })
    const responding = once(upload, 'response')
    upload.write('{"task": "echo", "data": {"message": 1}}\n'.repeat(500))
    const [response] = (await responding) as [IncomingMessage]
    let lines = 0
    response.setEncoding('utf8').on('data', (text: string) => (lines += text.split('\n').length - 1))
    await expect.poll(() => lines).toBe(500)
    web.signal('SIGTERM')
    await web.line(/stopping/)
    upload.end('{"task": "echo", "data": {"message": 2}}\n')
    await once(response, 'end')
    expect(lines).toBe(501)
    expect(await web.exit()).toBe(0)
  })
})

describe('the web process that cannot listen', () => {
  it('says in one line that PORT is in use, and exits with 1', async () => {
    const port = await givenPortInUse()
    const web = givenWeb({ PORT: String(port) })
    expect(await web.exit()).toBe(1)
    expect(web.lines).toEqual([expect.stringMatching(new RegExp(`address already in use 127.0.0.1:${port}`))])
  })

  it('refuses in one line to let anyone in from other machines without AUTH_TOKEN', async () => {
    const web = givenWeb({ HOST: '0.0.0.0' })
    expect(await web.exit()).toBe(1)
    expect(web.errors).toEqual([expect.stringMatching(/^HOST: 0\.0\.0\.0 .*AUTH_TOKEN.*ALLOW_ANONYMOUS=1/)])
    expect(web.lines).toEqual(web.errors)
  })

  const allowed: Record<string, string>[] = [{ AUTH_TOKEN: 'a-long-secret' }, { ALLOW_ANONYMOUS: '1' }]
  it.each(allowed)('listens everywhere with %o', async (env) => {
    const web = givenWeb({ HOST: '0.0.0.0', ...env })
    const port = new URL(await addressOf(web)).port
    expect(await statusOf(`http://127.0.0.1:${port}/healthz`)).toBe(200)
  })
})
