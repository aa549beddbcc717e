import { describe, expect, it } from 'vitest'
import { shows, useBrowser } from '../support/browser.js'
import { useRedis } from '../support/redis.js'
import { givenTasks, givenWorkers } from '../support/tasks.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis()
const browser = useBrowser()
const realTasks = { TASKS_DIR: 'dist/workers/tasks' }
const number = '#queues tr[data-key="default"] [data-field="waiting"]'

describe('the overview', () => {
  it('shows what another program does to a queue, soon', async () => {
    const tasks = await givenTasks(redis)
    await tasks.enqueue('echo')
    const web = await givenWeb(redis)
    const { page, problems } = await browser.open(web.url)
    await shows(page, number, /^1$/)
    const latenciesMs: number[] = []
    for (let count = 2; count <= 9; count++) {
      const shown = page.evaluate<number>(`new Promise((resolve) => {
        const element = document.querySelector('${number}')
        const check = () => element.textContent === '${count}' && resolve(Date.now())
        new MutationObserver(check).observe(element, { childList: true, characterData: true, subtree: true })
        check()
      })`)
      await page.evaluate('0')
      const since = Date.now()
      await tasks.enqueue('echo')
      latenciesMs.push((await shown) - since)
    }
    // A page that opens later gets the last minutes of all queues together.
    const stream = await fetch(`${web.url}/events`, { headers: { accept: 'text/event-stream' } })
    const first = await stream.body?.pipeThrough(new TextDecoderStream()).getReader().read()
    expect(first?.value).toMatch(/"traffic":\[\[\d+,\d+,\d+,\d+\]/)
    expect(await page.evaluate('document.body.dataset.queue')).toBe('')
    console.log(`from Redis to the page: ${latenciesMs.join(', ')} ms (promised: 200)`)
    expect(problems).toEqual([])
  })

  it('gets queues that are new, and workers with what they run', async () => {
    const web = await givenWeb(redis)
    const { page, problems } = await browser.open(web.url)
    const tasks = await givenTasks(redis)
    await tasks.enqueue('sleep', { seconds: 20 })
    await shows(page, number, /^1$/)
    await givenWorkers(tasks, 1, { ...realTasks, WORKER_NAME: 'ann' })
    await shows(page, '#workers tr', /ann\s.*working[^]*1\/\d+[^]*sleep \d+s/)
    await page.locator('#workers li a').click()
    await shows(page, 'h1', 'Task sleep')
    expect(problems.filter((problem) => !problem.includes('/events'))).toEqual([])
  })
})

describe('the page of a task', () => {
  it('shows how far it is, and how it ended, without being reloaded', async () => {
    const tasks = await givenTasks(redis)
    const id = await tasks.enqueue('sleep', { seconds: 3 })
    const web = await givenWeb(redis)
    const { page, problems } = await browser.open(`${web.url}/tasks/${id}`)
    await shows(page, '.badge', 'waiting')
    await page.evaluate('window.stays = true')
    await givenWorkers(tasks, 1, realTasks)
    await page.locator('#progress').waitFor()
    const seen = await page.evaluate<number>(`new Promise((resolve) => {
      const timer = setInterval(() => {
        const value = document.querySelector('#progress')?.value
        if (value > 0) resolve(value, clearInterval(timer))
      }, 20)
    })`)
    expect(seen).toBeGreaterThan(0)
    await shows(page, '.badge', 'done')
    expect(await page.evaluate('window.stays')).toBe(true)
    expect(problems).toEqual([])
  })

  it('says how it ended to who was reading, about to press something, or elsewhere meanwhile', async () => {
    const tasks = await givenTasks(redis)
    const id = await tasks.enqueue('echo', { message: 'x'.repeat(3000) })
    const { url } = await givenWeb(redis)
    const open = async () => (await browser.open(`${url}/tasks/${id}`)).page
    const [reading, pressing, elsewhere] = [await open(), await open(), await open()]
    await reading.locator('summary').click()
    await reading.locator('pre').click()
    await pressing.getByRole('button', { name: 'Cancel' }).focus()
    const hide = (isHidden: boolean) =>
      elsewhere.evaluate(
        `Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true })`,
      )
    await hide(true)
    await givenWorkers(tasks, 1, realTasks)
    await shows(reading, '.badge', 'done')
    expect(await reading.locator('details[open] pre:focus').count()).toBe(1)
    for (const page of [pressing, elsewhere]) await shows(page, '.badge', 'waiting')
    await pressing.locator('h1').click()
    await hide(false)
    for (const page of [pressing, elsewhere]) await shows(page, '.badge', 'done')
  })
})

describe('the form for a task', () => {
  it('shows what is wrong in a part of it that was folded', async () => {
    const { url } = await givenWeb(redis)
    const { page } = await browser.open(`${url}/?task=sleep`)
    const settings = page.getByText('Queue, priority, delay, attempts')
    await page.getByLabel('seconds').fill('1')
    await settings.click()
    await page.getByLabel('Attempts').fill('-1')
    await settings.click()
    await page.getByRole('button', { name: 'Enqueue sleep' }).click()
    await expect.poll(() => page.locator('input[name="attempts"]:focus').count()).toBe(1)
  })
})

describe('without JavaScript', () => {
  it('a task is enqueued with its form, paused and retried with all that are dead', async () => {
    const tasks = await givenTasks(redis)
    const web = await givenWeb(redis)
    const { page, problems } = await browser.open(`${web.url}/?task=checksum`, { javaScriptEnabled: false })
    await page.getByLabel('text', { exact: true }).fill('a')
    await page.getByLabel('file', { exact: true }).fill('b')
    await page.getByRole('button', { name: 'Enqueue checksum' }).click()
    await shows(page, '[role="alert"]', 'expected to have either text or file')
    expect(await page.getByLabel('text', { exact: true }).inputValue()).toBe('a')
    await page.getByLabel('text', { exact: true }).fill('')
    await page.getByText('Queue, priority, delay, attempts').click()
    await page.getByLabel('Attempts').fill('1')
    await page.getByRole('button', { name: 'Enqueue checksum' }).click()
    await shows(page, 'h1', 'Task checksum')

    await givenWorkers(tasks, 1, realTasks)
    await expect.poll(async () => (await tasks.counts()).dead).toBe(1)
    await page.goto(`${web.url}/queues/default`)
    await page.getByRole('link', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Pause the queue default' }).click()
    await shows(page, '.badge', 'paused')
    await page.getByRole('link', { name: 'dead 1' }).click()
    await page.getByRole('link', { name: 'Retry all' }).click()
    await page.getByRole('button', { name: 'Retry 1 dead tasks of the queue default' }).click()
    await shows(page, '.notice', '1 tasks wait again.')
    expect(await tasks.counts()).toMatchObject({ waiting: 1, dead: 0, isPaused: true })
    // A mistake in a form is answered with 400, which the console notes.
    expect(problems.filter((problem) => !problem.includes('400'))).toEqual([])
  })
})

it('every page is small', async () => {
  const tasks = await givenTasks(redis)
  const ids = await tasks.enqueueMany(200, 'echo', { message: 'x' })
  const web = await givenWeb(redis)
  for (const path of ['/', '/queues/default', `/tasks/${ids[0]}`]) {
    const bytes: number[] = []
    const { page } = await browser.open(web.url, { javaScriptEnabled: false })
    page.on('response', (response) => {
      const size = response.request().sizes()
      void size.then(({ responseBodySize }) => bytes.push(responseBodySize))
    })
    await page.goto(web.url + path, { waitUntil: 'networkidle' })
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(100 * 1024)
  }
})
