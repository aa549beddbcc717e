import { clockTime } from './clock.js'
import { base, queue, quietAtMostMs, t } from './texts.js'

const reconnectMs = 2000

/** @typedef {(data: any) => void} Handler */

/** @type {Map<string, Handler[]>} */
const handlers = new Map()
/** @type {ReturnType<typeof setTimeout> | undefined} */
let quietTimer
/** @type {number | undefined} */
let latestAt

/** Whether what the page shows is true now. */
export let isLive = false

/**
 * Has a function told of a kind of event, and the page of that kind of event.
 *
 * @param {string} name
 * @param {Handler} handle
 */
export function on(name, handle) {
  handlers.set(name, [...(handlers.get(name) ?? []), handle])
}

/** Takes the server's events; says so where they fail to come, and tries again. */
export function listen() {
  const source = new EventSource(`${base}/events${queue ? `?queue=${encodeURIComponent(queue)}` : ''}`)
  for (const [name, handles] of handlers) {
    source.addEventListener(name, (event) => {
      const data = event instanceof MessageEvent ? JSON.parse(event.data) : undefined
      for (const handle of handles) handle(data)
      expectMore()
    })
  }
  source.addEventListener('error', () => onError(source))
  expectMore()
}

/**
 * Takes a look of the server's into Redis for the state of the page.
 *
 * @param {{ problem: string | null, at: number }} sample
 */
export function showState({ problem, at }) {
  latestAt = at
  setState(problem === null ? 'live' : 'problem', problem ?? t('live'))
}

// The server speaks every few seconds at least: silence means that it, or the way to it, is gone.
function expectMore() {
  clearTimeout(quietTimer)
  quietTimer = setTimeout(showGone, quietAtMostMs)
}

/** @param {EventSource} source */
function onError(source) {
  showGone()
  // The browser tries again by itself only where the connection broke, not where the server answered with an error.
  if (source.readyState !== EventSource.CLOSED) return
  setTimeout(listen, reconnectMs)
}

function showGone() {
  setState('problem', t('gone') + (latestAt ? t('from', { time: clockTime(latestAt) }) : ''))
}

/**
 * @param {'live' | 'problem'} state
 * @param {string} text
 */
function setState(state, text) {
  const element = document.querySelector('#state')
  if (!(element instanceof HTMLElement)) return
  element.dataset.state = state
  if (element.textContent !== text) element.textContent = text
  isLive = state === 'live'
  document.body.classList.toggle('stale', !isLive)
}
