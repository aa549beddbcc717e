import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { shows, untilLive, useBrowser } from '../support/browser.js'
import { queueKey } from '../support/app.js'
import { useRedis } from '../support/redis.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis()
const browser = useBrowser()

async function givenHome() {
  const web = await givenWeb(redis)
  return { web, ...(await browser.open(web.url)) }
}

describe('when something is gone', () => {
  // The next test, and the end of this file, need it alive.
  afterEach(async () => {
    await redis.kill()
    await redis.start()
  })

  it('the page says so of Redis, and recovers by itself', async () => {
    const { page } = await givenHome()
    await redis.kill()
    await shows(page, '#state[data-state="problem"]', 'Redis is out of reach')
    expect(await page.locator('body.stale').count()).toBe(1)
    await page.getByRole('button', { name: 'Produce' }).click()
    await shows(page, 'form[action="/prodcons"] output.failed', 'Redis is out of reach')

    await redis.start()
    await untilLive(page)
    expect(await page.locator('body.stale').count()).toBe(0)
    await redis.client.lpush(queueKey, 'x')
    await shows(page, '#length', /^1$/)
  })

  it('the page says so of the server, and recovers by itself', async () => {
    const { web, page } = await givenHome()
    web.process.signal('SIGKILL')
    await shows(
      page,
      '#state[data-state="problem"]',
      /^the server is out of reach.*numbers from \d\d:\d\d:\d\d/,
    )
    await page.getByRole('button', { name: 'Produce' }).click()
    await shows(page, 'form[action="/prodcons"] output.failed', 'The server is out of reach')

    await redis.client.lpush(queueKey, 'a', 'b')
    await givenWeb(redis, new URL(web.url).port)
    await untilLive(page)
    await shows(page, '#length', /^2$/)
    await page.getByRole('button', { name: 'Produce' }).click()
    await shows(page, '#length', /^3$/)
  })

  it('the page is not discouraged by a proxy that answers for the server', async () => {
    const { web, page } = await givenHome()
    const { port } = new URL(web.url)
    web.process.signal('SIGKILL')
    await web.process.exit()
    const proxy = createServer((_request, response) => response.writeHead(502).end()).listen(
      Number(port),
      '127.0.0.1',
    )
    await page.waitForResponse((response) => response.url().endsWith('/events') && response.status() === 502)
    await shows(page, '#state[data-state="problem"]', 'the server is out of reach')
    proxy.closeAllConnections()
    await new Promise((resolve) => proxy.close(resolve))

    await givenWeb(redis, port)
    await untilLive(page)
  })

  it('the page says so of a server that hangs', async () => {
    const { web, page } = await givenHome()
    web.process.signal('SIGSTOP')
    await page.getByRole('button', { name: 'Produce' }).click()
    await shows(page, 'form[action="/prodcons"] output', 'Sending…')
    await page.locator('button[aria-disabled="true"]').click({ force: true })
    await shows(page, '#state[data-state="problem"]', 'the server is out of reach')
    await shows(page, 'form[action="/prodcons"] output.failed', 'The server is out of reach')
    expect(await page.locator('button[aria-disabled="true"]').count()).toBe(0)
    web.process.signal('SIGCONT')
    await untilLive(page)
    expect(await redis.client.llen(queueKey)).toBeLessThanOrEqual(1)
  })

  it('the page says so of a stream of events that never begins', async () => {
    const { page } = await givenHome()
    await page.route('**/events', () => undefined)
    await page.reload()
    await shows(page, '#state[data-state="problem"]', 'the server is out of reach')
  })
})
