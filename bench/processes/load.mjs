// A process that puts load on an HTTP server.
import { request } from 'node:http'
import autocannon from 'autocannon'
import { serve } from './serve.mjs'

serve({ post, upload })

/** The same request again and again over connections that are kept. @returns ms, requests answered with 2xx, and others */
async function post({ url, body, headers, amount, connections }) {
  const start = performance.now()
  let end = start
  const running = autocannon({ url, method: 'POST', body, headers, amount, connections })
  // It looks only every second whether all were answered.
  running.on('response', () => {
    end = performance.now()
  })
  const result = await running
  return { ms: end - start, good: result['2xx'], bad: result.non2xx + result.errors }
}

/** One request whose body is `count` times the line. @returns ms, and lines answered */
async function upload({ url, line, headers, count }) {
  const start = performance.now()
  const sent = request(url, { method: 'POST', headers })
  const answered = new Promise((resolve, reject) => {
    sent.once('error', reject)
    sent.once('response', (response) => resolve(countLines(response)))
  })
  await writeLines(sent, line, count)
  sent.end()
  return { good: await answered, ms: performance.now() - start }
}

async function writeLines(sent, line, count) {
  const atOnce = 100
  for (let written = 0; written < count; written += atOnce) {
    const chunk = line.repeat(Math.min(atOnce, count - written))
    if (!sent.write(chunk)) await new Promise((resolve) => sent.once('drain', resolve))
  }
}

async function countLines(response) {
  let lines = 0
  for await (const chunk of response) for (const byte of chunk) if (byte === 10) lines += 1
  if (response.statusCode >= 300) throw new Error(`answered with ${response.statusCode}`)
  return lines
}
