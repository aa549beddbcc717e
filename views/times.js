import { language } from './texts.js'

/** Shows the times on the page, which the server writes in UTC, as people read theirs. */
export function showTimes() {
  for (const time of document.querySelectorAll('time[data-local]')) {
    const at = new Date(time.getAttribute('datetime') ?? '')
    time.textContent = at.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' })
  }
}
