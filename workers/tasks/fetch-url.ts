import { setTimeout as sleep } from 'node:timers/promises'
import { task } from '../../src/handlers/task.js'
import { resolveBySystem } from './fetch/address-guard.js'
import { fetchSafely } from './fetch/fetch-safely.js'
import { FetchInput, fromRaw } from './fetch/input.js'
import { toRequest } from './fetch/request.js'

/** For a request with its redirects and the reading of its answer. */
const timeLimitMs = 60_000

/**
 * Sends an HTTP request, follows its redirects, and returns the answer. Statuses such as 404 are answers; 408, 425, 429,
 * 5xx and broken connections are tried again. Reaches private addresses only where `FETCH_ALLOW` names them.
 */
export default task({
  input: FetchInput,
  raw: fromRaw,
  // The longest delay, the time limit of the request, and room to end in order.
  timeout: '62m',
  async run(input, { signal, progress, settings }) {
    const { delay = 0 } = input
    if (delay > 0) await sleep(delay * 1000, undefined, { signal })
    const { fetchAllow } = settings
    return fetchSafely(toRequest(input), {
      fetchAllow,
      resolve: resolveBySystem,
      signal,
      timeLimitMs,
      progress,
    })
  },
})
