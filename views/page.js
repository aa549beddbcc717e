/**
 * The live page: takes server-sent events, keeps the numbers, the chart and the feed up to date, says so when
 * they are not, and sends the forms without leaving the page. Without this module the page works as well.
 */

import { createChart } from './chart.js'
import { clockTime } from './clock.js'
import { renderFeed } from './feed.js'
import { improveForms } from './forms.js'

/** @typedef {{ length: number | null, subscribers: number | null, problem: string | null, at: number }} Sample */
/** @typedef {[seconds: number, length: number | null]} Point */
/** @typedef {{ sample: Sample, feed: import('./feed.js').FeedItem[], history: Point[] }} Snapshot */

const reconnectMs = 2000
/** What the paths of this server begin with. */
const base = document.documentElement.dataset.base ?? ''
const quietMs = Number(find('main').dataset.quietMs)

const chart = createChart(find('#chart-section'))
const feed = renderFeed(find('#feed'))
/** @type {ReturnType<typeof setTimeout> | undefined} */
let quietTimer
/** @type {number | undefined} */
let latestAt

find('#origin').textContent = location.origin
improveForms()
listen()

function listen() {
  const source = new EventSource(`${base}/events`)
  on(source, 'snapshot', (/** @type {Snapshot} */ snapshot) => {
    chart.reset(snapshot.history)
    feed.reset(snapshot.feed)
    show(snapshot.sample)
  })
  on(source, 'queue', show)
  on(source, 'activity', feed.add)
  on(source, 'message', feed.add)
  source.addEventListener('error', () => onError(source))
  expectMore()
}

/**
 * @param {EventSource} source
 * @param {string} name
 * @param {(data: any) => void} handle
 */
function on(source, name, handle) {
  source.addEventListener(name, (event) => {
    if (event instanceof MessageEvent) handle(JSON.parse(event.data))
    expectMore()
  })
}

// The server speaks every few seconds at least: silence means that it, or the way to it, is gone.
function expectMore() {
  clearTimeout(quietTimer)
  quietTimer = setTimeout(showGone, quietMs)
}

/** @param {EventSource} source */
function onError(source) {
  showGone()
  // The browser tries again by itself only where the connection broke, not where the server answered with an error.
  if (source.readyState !== EventSource.CLOSED) return
  setTimeout(listen, reconnectMs)
}

/** @param {Sample} sample */
function show({ length, subscribers, problem, at }) {
  latestAt = at
  if (length !== null) find('#length').textContent = String(length)
  if (subscribers !== null) find('#subscribers').textContent = String(subscribers)
  chart.add([Math.floor(at / 1000), length])
  setState(problem === null ? 'live' : 'problem', problem ?? 'live')
}

function showGone() {
  const since = latestAt ? `; numbers from ${clockTime(latestAt)}` : ''
  setState('problem', `the server is out of reach, trying again${since}`)
}

/**
 * @param {'live' | 'problem'} state
 * @param {string} text
 */
function setState(state, text) {
  const element = find('#state')
  element.dataset.state = state
  if (element.textContent !== text) element.textContent = text
  document.body.classList.toggle('stale', state === 'problem')
}

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
function find(selector) {
  const element = document.querySelector(selector)
  if (element instanceof HTMLElement) return element
  throw new Error(`the page has no ${selector}`)
}
