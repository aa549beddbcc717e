import { on } from './events.js'
import { showTimes } from './times.js'

const atMostEveryMs = 1000

/**
 * Keeps what the server renders of a task, or of a list of tasks, up to date: a progress bar by the events themselves, the
 * rest by asking for the page again, so that there is one way only in which it is written.
 */
export function keepRecord() {
  const fresh = document.querySelector('[data-fresh]')
  if (!(fresh instanceof HTMLElement)) return
  const { task, queue } = fresh.dataset
  const refresh = refresher()
  if (task) {
    on('task', (event) => {
      if (event.id !== task) return
      if (event.progress !== undefined) showProgress(event)
      if (event.state !== find('[data-state-name]')?.dataset.stateName) refresh()
    })
    on('snapshot', refresh)
    return
  }
  on('queues', ({ queues }) => {
    if (queues.some((/** @type {{ name: string }} */ { name }) => name === queue)) refresh()
  })
}

/** @param {{ progress: number, note?: string }} event */
function showProgress({ progress, note = '' }) {
  const bar = document.querySelector('#progress')
  if (!(bar instanceof HTMLProgressElement)) return
  bar.value = progress
  const text = find('#progress-note')
  if (text) text.textContent = `${Math.round(progress * 100)} % ${note}`
}

// Once a second at most, and never under the hands of who is about to choose or press something there.
function refresher() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  return () => {
    timer ??= setTimeout(async () => {
      timer = undefined
      if (!document.hidden && !isInUse()) await refresh().catch(() => undefined)
    }, atMostEveryMs)
  }
}

async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } })
  if (!response.ok) return
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const [fresh, old] = [page.querySelector('[data-fresh]'), find('[data-fresh]')]
  if (!fresh || !old || isInUse()) return
  old.replaceWith(fresh)
  showTimes()
}

function isInUse() {
  const area = find('[data-fresh]')
  return Boolean(
    area?.contains(document.activeElement) || area?.querySelector('input:checked, details[open]'),
  )
}

/** @param {string} selector */
function find(selector) {
  const element = document.querySelector(selector)
  return element instanceof HTMLElement ? element : undefined
}
