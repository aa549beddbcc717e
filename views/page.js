/**
 * What makes the pages live: takes server-sent events, keeps the numbers, the charts and the lists up to date, says so when
 * they are not, and sends the forms of the two lanes without leaving the page. Without this module the pages work as well.
 */

import { showCharts } from './charts.js'
import { isLive, listen, on, showState } from './events.js'
import { renderFeed } from './feed.js'
import { improveForms, unfoldMistakes } from './forms.js'
import { keepRecord } from './record.js'
import { fillRow, keepRows, tickAges } from './rows.js'
import { queue as ownQueue } from './texts.js'
import { showTimes } from './times.js'

/** @typedef {{ length: number | null, subscribers: number | null, problem: string | null, at: number }} Sample */
/** @typedef {{ name: string, waiting: number, done: number, failed: number }} QueueRow */

/** @type {Map<string, QueueRow>} */
const queues = new Map()
/** @type {number | null} */
let laneLength = null

improveForms()
unfoldMistakes()
showTimes()
keepQueues()
keepWorkers()
keepFeed()
keepCharts()
keepRecord()
on('snapshot', ({ sample }) => showSample(sample))
on('queue', showSample)
listen()
setInterval(() => isLive && tickAges(), 1000)

/** @param {Sample} sample */
function showSample(sample) {
  laneLength = sample.length
  setText('#length', sample.length)
  setText('#subscribers', sample.subscribers)
  showState(sample)
}

function keepQueues() {
  const rows = rowsOf('#queues', '#queue-row')
  const own = find('[data-own-queue]')
  const show = (/** @type {QueueRow[]} */ changed) => {
    for (const row of changed) {
      queues.set(row.name, row)
      rows?.set(row.name, row)
      if (own && row.name === ownQueue) fillRow(own, row)
    }
  }
  on('snapshot', ({ queues: all }) => {
    queues.clear()
    rows?.keep(all.map((/** @type {QueueRow} */ { name }) => name))
    show(all)
  })
  on('queues', ({ queues: changed, gone }) => {
    for (const name of gone) {
      queues.delete(name)
      rows?.remove(name)
    }
    show(changed)
  })
}

function keepWorkers() {
  const rows = rowsOf('#workers', '#worker-row')
  if (!rows) return
  const show = (/** @type {{ id: string }[]} */ workers) => {
    rows.keep(workers.map(({ id }) => id))
    for (const worker of workers) rows.set(worker.id, worker)
  }
  on('snapshot', ({ workers }) => show(workers))
  on('workers', show)
}

function keepFeed() {
  const list = find('#feed')
  if (!list) return
  const origin = find('#origin')
  if (origin) origin.textContent = location.origin
  const feed = renderFeed(list)
  on('snapshot', ({ feed: items }) => feed.reset(items))
  on('activity', feed.add)
  on('message', feed.add)
}

function keepCharts() {
  const section = find('#charts')
  if (!section) return
  const charts = showCharts(section)
  on('snapshot', ({ traffic, history }) => charts.reset(traffic, history))
  charts.follow(() => {
    const counted = [...queues.values()].filter(({ name }) => !ownQueue || name === ownQueue)
    const sum = (/** @type {'waiting' | 'done' | 'failed'} */ field) =>
      counted.reduce((total, row) => total + row[field], 0)
    return { waiting: sum('waiting'), done: sum('done'), failed: sum('failed'), lane: laneLength }
  })
}

/**
 * @param {string} selector
 * @param {string} templateSelector
 */
function rowsOf(selector, templateSelector) {
  const [body, template] = [find(selector), find(templateSelector)]
  return body && template instanceof HTMLTemplateElement ? keepRows(body, template) : undefined
}

/**
 * @param {string} selector
 * @param {number | null} value unknown values leave the last one, which is shown as stale
 */
function setText(selector, value) {
  const element = find(selector)
  if (element && value !== null) element.textContent = String(value)
}

/**
 * @param {string} selector
 * @returns {HTMLElement | undefined}
 */
function find(selector) {
  const element = document.querySelector(selector)
  return element instanceof HTMLElement ? element : undefined
}
