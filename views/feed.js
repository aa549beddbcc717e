import { clockTime } from './clock.js'
import { t } from './texts.js'

/** @typedef {{ kind: 'activity', action: string, value: string, by: string, count: number, at: number }} ActivityItem */
/** @typedef {{ kind: 'message', message: string, note: string, at: number }} MessageItem */
/** @typedef {ActivityItem | MessageItem} FeedItem */

const maxItems = 30

/**
 * The list of what happened, newest first. Everything from a user goes in as text, never as markup.
 *
 * @param {HTMLElement} list
 */
export function renderFeed(list) {
  /** @param {FeedItem} item */
  function add(item) {
    list.prepend(toElement(item))
    while (list.children.length > maxItems) list.lastElementChild?.remove()
  }

  /** @param {FeedItem[]} items newest first */
  function reset(items) {
    list.replaceChildren(...items.map(toElement))
  }

  return { add, reset }
}

/** @param {FeedItem} item */
function toElement(item) {
  const kind = item.kind === 'message' ? 'published' : item.action
  const element = document.createElement('li')
  element.className = kind
  const time = create('time', clockTime(item.at))
  time.setAttribute('datetime', new Date(item.at).toISOString())
  const value = item.kind === 'message' ? item.message : item.value
  element.append(time, create('b', t(`feed.${kind}`)), create('code', value), create('small', noteOf(item)))
  return element
}

/** @param {FeedItem} item */
function noteOf(item) {
  if (item.kind === 'message') return item.note
  const { by, count } = item
  return t(count > 1 ? 'feed.more' : 'feed.by', { by, more: count - 1 })
}

/**
 * @param {string} tag
 * @param {string} text
 */
function create(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}
