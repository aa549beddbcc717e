// A process that keeps pages open: it reads their streams of events and throws them away.
import { get } from 'node:http'
import { serve } from './serve.mjs'

const atOnce = 50

serve({
  /** Returns how many are open. */
  async open({ url, pages }) {
    let open = 0
    while (open < pages) {
      const opening = Array.from({ length: Math.min(atOnce, pages - open) }, () => openOne(url))
      open += (await Promise.all(opening)).length
    }
    return open
  },
})

function openOne(url) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { accept: 'text/event-stream' } }, (response) => {
      response.resume()
      if (response.statusCode === 200) response.once('data', resolve)
      else reject(new Error(`${url} answered with ${response.statusCode}`))
    }).once('error', reject)
  })
}
