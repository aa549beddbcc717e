import { formatAge, formatNumber } from './format.js'
import { base, language } from './texts.js'

/** @typedef {Record<string, any>} Values */

/**
 * Keeps the rows of a table as the server would render them: each is a copy of a template, filled by the names in its
 * `data-` attributes. Everything goes in as text.
 *
 * @param {HTMLElement} body of the table; its rows carry `data-key`
 * @param {HTMLTemplateElement} template
 */
export function keepRows(body, template) {
  const find = (/** @type {string} */ key) => rows().find((row) => row.dataset.key === key)
  const rows = () => /** @type {HTMLElement[]} */ ([...body.children])

  /**
   * @param {string} key
   * @param {Values} values
   */
  function set(key, values) {
    const row = find(key) ?? add(key)
    if (row) fillRow(row, values)
  }

  /** @param {string} key */
  function add(key) {
    const row = template.content.cloneNode(true).firstChild?.parentNode?.querySelector('tr')
    if (!row) return undefined
    row.dataset.key = key
    body.insertBefore(row, rows().find((other) => String(other.dataset.key) > key) ?? null)
    return row
  }

  /** @param {string} key */
  const remove = (key) => find(key)?.remove()

  /** @param {string[]} keys the only ones that stay */
  function keep(keys) {
    for (const row of rows()) if (!keys.includes(row.dataset.key ?? '')) row.remove()
  }

  return { set, remove, keep }
}

/**
 * @param {HTMLElement} row
 * @param {Values} values
 */
export function fillRow(row, values) {
  for (const element of select(row, '[data-field]')) fillField(element, values)
  for (const element of select(row, '[data-shown]')) element.hidden = !values[element.dataset.shown ?? '']
  for (const element of select(row, '[data-unless]')) element.hidden = values[element.dataset.unless ?? '']
  for (const element of select(row, '[data-when]')) element.hidden = values.state !== element.dataset.when
  for (const list of select(row, '[data-list]')) list.replaceChildren(...values.running.map(runningItem))
}

/**
 * @param {HTMLElement} element
 * @param {Values} values
 */
function fillField(element, values) {
  const value = values[element.dataset.field ?? '']
  if (element.dataset.age !== undefined) return setAge(element, value)
  const text = typeof value === 'number' ? formatNumber(value, language) : String(value ?? '')
  if (element.textContent !== text) element.textContent = text
  if (element instanceof HTMLAnchorElement) {
    element.href = base + element.dataset.link + encodeURIComponent(String(value))
  }
}

/** @param {{ id: string, task: string, sinceMs: number }} task */
function runningItem({ id, task, sinceMs }) {
  const item = document.createElement('li')
  const link = document.createElement('a')
  link.href = `${base}/tasks/${encodeURIComponent(id)}`
  link.textContent = task
  const age = document.createElement('span')
  setAge(age, sinceMs)
  item.append(link, ' ', age)
  return item
}

/**
 * Shows an age, and lets it grow with {@link tickAges}.
 *
 * @param {HTMLElement} element
 * @param {number | undefined} ageMs
 */
function setAge(element, ageMs) {
  element.dataset.age = ageMs === undefined ? '' : String(ageMs)
  element.dataset.at = String(performance.now())
  const text = ageMs === undefined ? '–' : formatAge(ageMs)
  if (element.textContent !== text) element.textContent = text
}

/** Lets every age on the page grow; to be called each second, and only while it is known that they do. */
export function tickAges() {
  for (const element of select(document.body, '[data-age]')) {
    const { age, at = '0' } = element.dataset
    if (!age) continue
    const text = formatAge(Number(age) + performance.now() - Number(at))
    if (element.textContent !== text) element.textContent = text
  }
}

/**
 * @param {HTMLElement} root
 * @param {string} selector
 */
function select(root, selector) {
  return /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector))
}
