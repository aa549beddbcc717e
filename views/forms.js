import { t } from './texts.js'

/** More than the server's promise, which is to answer within two seconds whatever Redis does. */
const patienceMs = 10_000

/** An answer that comes sooner needs no announcement. */
const saidAfterMs = 300

/** A field that is wrong has to be seen: of a folded one browsers do not even say that it keeps its form from being sent. */
export function unfoldMistakes() {
  const unfold = (/** @type {Event} */ { target }) =>
    target instanceof Element && target.closest('details')?.toggleAttribute('open', true)
  document.addEventListener('invalid', unfold, { capture: true })
}

/** Sends each form that says `data-stays` with fetch instead of leaving the page, and shows the answer below it. */
export function improveForms() {
  for (const form of document.forms) {
    if (form.dataset.stays === undefined) continue
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      send(form)
    })
  }
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const button = form.querySelector('button')
  if (!button || button.ariaDisabled === 'true') return
  // Not `disabled`, which would take the focus from whoever pressed it.
  button.ariaDisabled = 'true'
  const saying = setTimeout(() => say(form, t('sending')), saidAfterMs)
  const { failed, text } = await post(form)
  clearTimeout(saying)
  button.ariaDisabled = null
  say(form, text, failed)
  if (!failed) form.reset()
}

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
function say(form, text, failed = false) {
  const output = form.querySelector('output')
  if (!output) return
  output.textContent = text
  output.classList.toggle('failed', failed)
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<{ failed: boolean, text: string }>}
 */
async function post(form) {
  const fields = [...new FormData(form)].map(([name, value]) => [name, String(value)])
  try {
    const response = await fetch(form.action, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(fields),
      signal: AbortSignal.timeout(patienceMs),
    })
    const answer = await response.json()
    return { failed: !response.ok, text: response.ok ? describe(answer) : answer.message }
  } catch {
    return { failed: true, text: t('lost') }
  }
}

/** @param {{ pushed?: number, length?: number, receivers?: number }} answer */
function describe({ pushed, length, receivers }) {
  if (pushed !== undefined) return t('pushed', { pushed, length: length ?? '' })
  return receivers === 1 ? t('publishedOne') : t('published', { receivers: receivers ?? 0 })
}
