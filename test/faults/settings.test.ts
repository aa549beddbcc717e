import { describe, expect, it } from 'vitest'
import { givenProcess } from '../support/process.js'

describe('a worker with wrong settings', () => {
  it('lists every mistake on standard error and exits with 1', async () => {
    const worker = givenProcess('workers/prodcons.js', {
      REDIS_URL: 'redis://127.0.0.1:1',
      CONCURRENCY: '0',
      ORDER: 'up',
      QUEUE: 'a b',
      WORK_TIME: 'soon',
    })
    expect(await worker.exit()).toBe(1)
    expect(worker.errors).toEqual([
      expect.stringMatching(/^QUEUE: expected /),
      expect.stringMatching(/^ORDER: expected lifo or fifo, got "up"$/),
      expect.stringMatching(/^CONCURRENCY: expected an integer from 1 to 1000, got "?0"?$/),
      expect.stringMatching(/^WORK_TIME: expected a duration/),
    ])
  })

  it('says in one line that REDIS_URL is missing, and exits with 1', async () => {
    const worker = givenProcess('workers/prodcons.js', {})
    expect(await worker.exit()).toBe(1)
    expect(worker.lines).toEqual([expect.stringMatching(/^REDIS_URL: expected redis:\/\/.*, got nothing/)])
  })
})
