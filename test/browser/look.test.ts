import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'
import { describe, expect, it } from 'vitest'
import { channelName, queueKey } from '../support/app.js'
import { shows, useBrowser } from '../support/browser.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, givenWorkers } from '../support/tasks.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis()
const browser = useBrowser()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Everything that a page can show is on it. */
async function fill(page: Page): Promise<void> {
  const reports = ['pushed', 'taken'].map((action) => ({
    action,
    queue: queueKey,
    by: 'anna',
    count: 2,
    at: Date.now(),
  }))
  for (const report of reports) {
    await redis.client.publish(
      `{${queueKey}}:activity`,
      JSON.stringify({ ...report, value: 'x'.repeat(200) }),
    )
  }
  await redis.client.lpush(queueKey, ...Array.from({ length: 12_345 }, String))
  await redis.client.publish(channelName, 'a message')
  await shows(page, '#length', '12345')
  await expect.poll(() => page.locator('#feed li').count()).toBe(3)
  for (const name of ['Produce', 'Publish']) await page.getByRole('button', { name }).click()
  await shows(page, 'form[action="/prodcons"] output', 'Pushed')
  await shows(page, 'form[action="/pubsub"] output', 'Published')
}

async function violationsOn(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run()')
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

/** What has the focus, and whether one can see that. */
const focused = (page: Page) =>
  page.evaluate<{ label: string; isVisible: boolean }>(`(() => {
    const element = document.activeElement
    const style = getComputedStyle(element)
    return {
      label: element.getAttribute('aria-label') ?? element.textContent.trim(),
      isVisible: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
    }
  })()`)

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  it('nobody is shut out by how the page is made (axe)', async () => {
    const { url } = await givenWeb(redis)
    const { page, problems } = await browser.open(url, { colorScheme })
    await fill(page)
    expect(await violationsOn(page)).toEqual([])
    expect(problems).toEqual([])

    await redis.client.del(queueKey)
    await redis.client.set(queueKey, 'a string')
    await shows(page, '#state[data-state="problem"]', 'not a list')
    await page.getByRole('button', { name: 'Produce' }).click()
    await shows(page, 'form[action="/prodcons"] output.failed', 'not a list')
    expect(await violationsOn(page)).toEqual([])

    await page.goto(`${url}/nowhere`)
    await shows(page, 'h1', 'Not Found')
    expect(await violationsOn(page)).toEqual([])
  })

  it('nor by the pages of a queue and of its tasks', async () => {
    const tasks = await givenTasks(redis)
    const ids = await tasks.enqueueMany(
      3,
      'work',
      { fails: 9, text: 'x'.repeat(3000) },
      { options: { a: 1 } },
    )
    const late = await tasks.enqueue('echo', {}, { delayMs: 60_000 })
    const { url } = await givenWeb(redis)
    await givenWorkers(tasks, 1)
    await expect.poll(async () => (await tasks.counts()).dead, { timeout: 20_000 }).toBe(3)
    const { page, problems } = await browser.open(url, { colorScheme })
    const dead = '/queues/default?state=dead'
    const confirm = '/queues/default/confirm?do=retry&state=dead'
    for (const path of [dead, `/tasks/${ids[0]}`, `/tasks/${late}`, confirm, '/?task=fetch-url']) {
      await page.goto(url + path)
      expect(await violationsOn(page)).toEqual([])
      for (const width of [320, 768]) {
        await page.setViewportSize({ width, height: 640 })
        await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      }
    }
    expect(problems.filter((problem) => !problem.includes('/events'))).toEqual([])
  })

  it('the page has the colours for it', async () => {
    const { url } = await givenWeb(redis)
    const { page } = await browser.open(url, { colorScheme })
    const background = await page.evaluate<string>(
      'getComputedStyle(document.documentElement).backgroundColor',
    )
    const channels = background.match(/\d+/g)?.slice(0, 3).map(Number) ?? []
    const brightness = channels.reduce((sum, each) => sum + each, 0) / 3
    expect(brightness < 60 ? 'dark' : brightness > 220 ? 'light' : brightness).toBe(colorScheme)
  })
})

describe('on a small screen', () => {
  it('nothing is wider than it', async () => {
    const { url } = await givenWeb(redis)
    const { page } = await browser.open(url)
    await fill(page)
    for (const width of [320, 375, 768]) {
      await page.setViewportSize({ width, height: 640 })
      await expect.poll(() => page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      for (const control of await page.locator('input:visible, button:visible').all()) {
        const box = await control.boundingBox()
        expect((box?.x ?? -1) + (box?.width ?? Infinity)).toBeLessThanOrEqual(width)
      }
      const longest = page.locator('#feed code').filter({ hasText: 'xxx' }).first()
      expect((await longest.boundingBox())?.width).toBeGreaterThan(200)
    }
  })
})

describe('with the keyboard alone', () => {
  it('everything can be reached, seen to be reached, and used', async () => {
    const { url } = await givenWeb(redis)
    const { page } = await browser.open(url)
    const tab = async () => {
      await page.keyboard.press('Tab')
      return focused(page)
    }
    const labels: string[] = []
    while (labels.at(-1) !== 'Value to produce' && labels.length < 10) {
      const { label, isVisible } = await tab()
      labels.push(label)
      expect(isVisible).toBe(true)
    }
    expect(labels).toEqual([
      'Skip to the content',
      'Servery',
      'Find a task by id',
      'Find',
      'Value to produce',
    ])
    await page.keyboard.type('typed')
    await page.keyboard.press('Enter')
    await shows(page, '#length', /^1$/)
    expect(await redis.client.lrange(queueKey, 0, -1)).toEqual(['typed'])

    expect(await tab()).toEqual({ label: 'Produce', isVisible: true })
    await page.keyboard.press('Space')
    await shows(page, '#length', /^2$/)

    expect((await tab()).label).toBe('Message to publish')
    expect(await tab()).toEqual({ label: 'Publish', isVisible: true })
    await page.keyboard.press('Enter')
    await shows(page, 'form[action="/pubsub"] output', 'Published to 0 subscribers.')
    const others: string[] = []
    while (!others.includes('中文') && others.length < 30) others.push((await tab()).label)
    expect(others).toEqual(expect.arrayContaining(['sleep', 'Enqueue checksum', 'HTTP API', '中文']))
  })
})
