import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { channelName, queueKey } from '../support/app.js'
import { shows, untilLive, useBrowser } from '../support/browser.js'
import { givenListener } from '../support/listener.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis()
const browser = useBrowser()
const values = () => redis.client.lrange(queueKey, 0, -1)
const oneByOne = /^\d+$/

async function givenHome() {
  const web = await givenWeb(redis)
  return { web, ...(await browser.open(web.url)) }
}

const givenWorker = (name: 'prodcons' | 'pubsub', env = {}) =>
  givenProcess(`workers/${name}.js`, {
    REDIS_URL: redis.url,
    WORKER_NAME: 'anna',
    LOG_FORMAT: 'json',
    ...env,
  })

const produce = (page: Page) => page.getByRole('button', { name: 'Produce' }).click()
const publish = (page: Page) => page.getByRole('button', { name: 'Publish' }).click()

/** Milliseconds from a click to the queue's new length on the page, by the page's own clock. */
const clickToLength = (page: Page) =>
  page.evaluate<number>(`new Promise((resolve) => {
    const since = performance.now()
    new MutationObserver((_, observer) => {
      observer.disconnect()
      resolve(performance.now() - since)
    }).observe(document.querySelector('#length'), { childList: true, characterData: true, subtree: true })
    document.querySelector('form[action="/prodcons"] button').click()
  })`)

describe('a click on Produce', () => {
  it('shows the answer and the new length at once, without leaving the page', async () => {
    const { page, problems } = await givenHome()
    await page.evaluate('window.stays = true')
    await shows(page, '#length', /^0$/)
    await produce(page)
    await shows(page, 'form[action="/prodcons"] output', 'Pushed 1; 1 in the queue.')
    await shows(page, '#length', /^1$/)
    await shows(page, '#feed li', /pushed\d/)
    expect(await values()).toEqual([expect.stringMatching(oneByOne)])

    await page.getByLabel('Value to produce').fill('by hand')
    await produce(page)
    await shows(page, '#length', /^2$/)
    expect((await values())[0]).toBe('by hand')
    await expect.poll(() => page.getByLabel('Value to produce').inputValue()).toBe('')
    expect(await page.evaluate('window.stays')).toBe(true)
    expect(problems).toEqual([])
  })

  it('is on the page soon', async () => {
    const { page } = await givenHome()
    const latenciesMs: number[] = []
    for (let i = 0; i < 10; i++) latenciesMs.push(Math.round(await clickToLength(page)))
    console.log(`from click to new length on the page: ${latenciesMs.join(', ')} ms (promised: 200)`)
    await shows(page, '#length', /^10$/)
  })

  it('shows why it failed', async () => {
    const { page } = await givenHome()
    await redis.client.set(queueKey, 'a string')
    await produce(page)
    await shows(page, 'form[action="/prodcons"] output.failed', 'holds something that is not a list')
    await shows(page, '#state[data-state="problem"]', 'holds something that is not a list')
    await redis.client.del(queueKey)
    await untilLive(page)
  })
})

describe('the length of the queue', () => {
  it('follows a real consumer', async () => {
    const { page, problems } = await givenHome()
    await redis.client.lpush(queueKey, 'a', 'b', 'c')
    await shows(page, '#length', /^3$/)
    const worker = givenWorker('prodcons')
    await shows(page, '#length', /^0$/)
    await shows(page, '#feed li', /taken/)

    await page.getByLabel('Value to produce').fill('for anna')
    await produce(page)
    await worker.line(/Task get for anna/)
    await shows(page, '#feed', /takenfor annaby anna/)
    await shows(page, '#length', /^0$/)
    expect(problems).toEqual([])
  })

  it('is drawn', async () => {
    const { page, problems } = await givenHome()
    await redis.client.lpush(queueKey, 'a')
    await shows(page, '#length', /^1$/)
    const canvas = page.locator('[data-chart="length"] canvas')
    expect(await canvas.isVisible()).toBe(true)
    expect((await canvas.boundingBox())?.width).toBeGreaterThan(200)
    expect(problems).toEqual([])
  })
})

describe('a click on Publish', () => {
  it('reaches who listens, and says how many', async () => {
    const { page, problems } = await givenHome()
    await publish(page)
    await shows(page, 'form[action="/pubsub"] output', 'Published to 0 subscribers.')
    await shows(page, '#subscribers', /^0$/)

    const worker = givenWorker('pubsub')
    await shows(page, '#subscribers', /^1$/)
    await page.getByLabel('Message to publish').fill('hello all')
    await publish(page)
    await worker.line(/Message get hello all/)
    await shows(page, 'form[action="/pubsub"] output', 'Published to 1 subscriber.')
    await shows(page, '#feed li', 'hello all')

    worker.signal('SIGTERM')
    await shows(page, '#subscribers', /^0$/)
    expect(problems).toEqual([])
  })
})

describe('what users send', () => {
  it('is shown as text', async () => {
    const { web, page, problems } = await givenHome()
    const evil = '<img src=x onerror="window.hacked = true"><script>window.hacked = true</script>'
    await page.getByLabel('Value to produce').fill(evil)
    await produce(page)
    await redis.client.publish(channelName, evil)
    for (const kind of ['pushed', 'published']) {
      await expect.poll(() => page.locator(`#feed .${kind} code`).textContent()).toBe(evil)
    }
    await page.goto(web.url)
    await untilLive(page)
    expect(await page.locator('#feed code').allTextContents()).toEqual([evil, evil])
    expect(await page.locator('#feed :is(img, script)').count()).toBe(0)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(problems.filter((problem) => !problem.includes('/events'))).toEqual([])
  })
})

describe('without JavaScript', () => {
  it('the page shows the right length, and the forms work', async () => {
    await redis.client.lpush(queueKey, 'a', 'b')
    const { messages } = await givenListener(redis, channelName)
    const web = await givenWeb(redis)
    const { page, problems } = await browser.open(web.url, { javaScriptEnabled: false })
    await shows(page, '#length', /^2$/)
    await shows(page, '#state', 'as of now')

    await page.getByLabel('Value to produce').fill('by form')
    await produce(page)
    await shows(page, '#length', /^3$/)
    expect(page.url()).toBe(`${web.url}/`)
    expect((await values())[0]).toBe('by form')

    await publish(page)
    await expect.poll(() => messages).toEqual([expect.stringMatching(oneByOne)])
    await shows(page, '#subscribers', /^1$/)
    expect(page.url()).toBe(`${web.url}/`)
    expect(await page.locator('#charts .plots').isVisible()).toBe(false)
    expect(problems).toEqual([])
  })
})
