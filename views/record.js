import { isLive, on } from './events.js'
import { showTimes } from './times.js'

const atMostEveryMs = 1000

/** What takes the focus to be read, not to do something. */
const readable = 'summary, pre'

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

// Once a second at most. Where nobody looks, nothing is known, or somebody is about to choose or press something there, it
// waits: what was put off is done as soon as may be, for there may be no further event.
function refresher() {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  return function later() {
    timer ??= setTimeout(async () => {
      timer = undefined
      const isDone = !document.hidden && isLive && !isInUse() && (await refresh().catch(() => false))
      if (!isDone) later()
    }, atMostEveryMs)
  }
}

/** Whether it is of no use to try again. */
async function refresh() {
  const response = await fetch(location.href, { headers: { accept: 'text/html' } })
  if (!response.ok) return response.status < 500
  const page = new DOMParser().parseFromString(await response.text(), 'text/html')
  const [fresh, old] = [page.querySelector('[data-fresh]'), find('[data-fresh]')]
  if (!fresh || !old) return true
  if (isInUse()) return false
  replace(old, fresh)
  showTimes()
  return true
}

/**
 * What was unfolded stays so, and who reads by keyboard keeps the place.
 *
 * @param {Element} old
 * @param {Element} fresh
 */
function replace(old, fresh) {
  const [before, after] = [[...old.querySelectorAll(readable)], [...fresh.querySelectorAll(readable)]]
  /** @type {Element | undefined} */
  let focused
  for (const element of before) {
    const same = after.find(({ textContent }) => textContent === element.textContent)
    if (!same) continue
    after.splice(after.indexOf(same), 1)
    same.closest('details')?.toggleAttribute('open', element.closest('details')?.open)
    if (element === document.activeElement) focused = same
  }
  old.replaceWith(fresh)
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true })
}

const isInUse = () =>
  Boolean(find('[data-fresh]')?.querySelector(':is(a, button, input):focus, input:checked'))

/** @param {string} selector */
function find(selector) {
  const element = document.querySelector(selector)
  return element instanceof HTMLElement ? element : undefined
}
