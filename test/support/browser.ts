import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'

/** A page of a browser, and everything on it that should not have happened. */
export interface GivenPage {
  page: Page
  /** Mistakes in the console, violations of the page's policy, requests to other hosts. */
  problems: string[]
}

/** Gives a test file the system's Chromium; one browser, a fresh profile for each page. */
export function useBrowser() {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: process.env.CHROME_PATH ?? findOnPath('chromium'),
      args: ['--no-sandbox'],
    })
  })
  afterAll(() => browser.close())

  return {
    /** Opens a page of the server at `url`; closed after the test. */
    async open(url: string, options: BrowserContextOptions = {}): Promise<GivenPage> {
      const context = await browser.newContext(options)
      onTestFinished(() => context.close())
      const page = await context.newPage()
      page.setDefaultTimeout(10_000)
      const problems = watchForProblems(page, new URL(url).host)
      await page.goto(url)
      if (options.javaScriptEnabled !== false) await untilLive(page)
      return { page, problems }
    },
  }
}

function watchForProblems(page: Page, host: string): string[] {
  const problems: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`))
  page.on('requestfailed', (request) => {
    const { errorText = '' } = request.failure() ?? {}
    // What was under way when the page was left, or its stream ended, is no problem.
    if (errorText !== 'net::ERR_ABORTED') problems.push(`failed: ${request.url()}`)
  })
  page.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && url.host !== host) problems.push(`foreign: ${request.url()}`)
  })
  return problems
}

/** Waits until the page shows this in the first such element; the message tells what it showed instead. */
export async function shows(page: Page, selector: string, text: string | RegExp): Promise<void> {
  await expect
    .poll(() => page.locator(selector).first().textContent(), { timeout: 15_000, interval: 20 })
    .toEqual(typeof text === 'string' ? expect.stringContaining(text) : expect.stringMatching(text))
}

/** Waits until the page gets its numbers live. */
export async function untilLive(page: Page): Promise<void> {
  await shows(page, '#state', /^live$/)
}

function findOnPath(program: string): string {
  const found = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, program))
  return found.find(isExecutable) ?? program
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
