import { describe, expect, it } from 'vitest'
import { Dispatch, type DispatchOptions, type DispatchOutcome } from '../../src/channel/dispatch.js'
import { RedisUnavailableError } from '../../src/redis/errors.js'

const never = new AbortController().signal

/** A master whose messages go to `onSend`; the outcomes it tells. */
function givenMaster(options: Partial<DispatchOptions> = {}) {
  const outcomes: DispatchOutcome[] = []
  const master: Dispatch = new Dispatch({
    jobs: 6,
    workers: ['1', '2', '3'],
    messageFor: String,
    send: (worker, message) => {
      master.onResult(`{"worker":"${worker}","job":${message},"result":${message}}`)
      return Promise.resolve({ channel: '', receivers: 1 })
    },
    untilBack: () => Promise.resolve(true),
    deadlineMs: 60_000,
    onOutcome: (outcome) => outcomes.push(outcome),
    ...options,
  })
  return { master, outcomes }
}

const inTurn = () => {
  let turn = 0
  return (below: number) => turn++ % below
}

describe('a master', () => {
  it('counts a job whose result it hears, even before Redis has answered', async () => {
    const { master } = givenMaster()
    await master.run(never)
    expect(master.counts).toEqual({ sent: 6, finished: 6, failed: 0, missing: 0 })
  })

  it('draws a worker for each job, and says which job failed where nobody listens', async () => {
    const { master, outcomes } = givenMaster({
      random: inTurn(),
      send: (worker, message) => {
        if (worker !== '3') master.onResult(`{"worker":"${worker}","job":"${message}","result":0}`)
        return Promise.resolve({ channel: '', receivers: worker === '3' ? 0 : 1 })
      },
    })
    await master.run(never)
    expect(master.counts).toEqual({ sent: 6, finished: 4, failed: 2, missing: 0 })
    expect(outcomes.filter(({ state }) => state === 'failed').map(({ job }) => job)).toEqual([3, 6])
  })

  it('passes over what is not its own', async () => {
    const { master } = givenMaster({
      jobs: 1,
      workers: ['1'],
      run: 'mine',
      deadlineMs: 50,
      send: (worker, job) => {
        for (const message of [
          'hello',
          `{"worker":"2","job":${job},"result":0,"run":"mine"}`,
          `{"worker":"${worker}","job":99,"result":0,"run":"mine"}`,
          `{"worker":"${worker}","job":${job},"result":0,"run":"another"}`,
          `{"worker":"${worker}","job":${job},"result":0}`,
          `{"id":"default.n","worker":"${worker}","state":"done","result":0}`,
        ])
          master.onResult(message)
        return Promise.resolve({ channel: '', receivers: 1 })
      },
    })
    await master.run(never)
    expect(master.counts).toEqual({ sent: 1, finished: 0, failed: 0, missing: 1 })
  })

  it('tells the error of a job that failed at its worker', async () => {
    const { master, outcomes } = givenMaster({
      jobs: 1,
      workers: ['1'],
      send: (worker, job) => {
        master.onResult(`{"worker":"${worker}","job":${job},"error":{"name":"Error","message":"no luck"}}`)
        return Promise.resolve({ channel: '', receivers: 1 })
      },
    })
    await master.run(never)
    expect(outcomes).toEqual([{ state: 'failed', job: 1, worker: '1', reason: 'no luck' }])
  })

  it('has no more than 1000 jobs open', async () => {
    let sent = 0
    const { master } = givenMaster({
      jobs: 2000,
      workers: ['1'],
      send: () => {
        sent += 1
        return Promise.resolve({ channel: '', receivers: 1 })
      },
    })
    const stopping = new AbortController()
    const running = master.run(stopping.signal)
    await expect.poll(() => sent).toBe(1000)
    for (let job = 1; job <= 10; job += 1) master.onResult(`{"worker":"1","job":${job},"result":0}`)
    await expect.poll(() => sent).toBe(1010)
    stopping.abort()
    await running
    expect(master.counts).toEqual({ sent: 1010, finished: 10, failed: 0, missing: 1000 })
  })

  it('goes on when Redis is back, and gives up when it does not come back', async () => {
    let isAway = true
    const send = (worker: string, message: string) => {
      if (isAway) return Promise.reject(new RedisUnavailableError('Redis is out of reach'))
      master.onResult(`{"worker":"${worker}","job":${message},"result":0}`)
      return Promise.resolve({ channel: '', receivers: 1 })
    }
    const untilBack = () => {
      isAway = false
      return Promise.resolve(true)
    }
    const { master } = givenMaster({ send, untilBack })
    await master.run(never)
    expect(master.counts).toEqual({ sent: 6, finished: 5, failed: 1, missing: 0 })

    isAway = true
    const { master: other } = givenMaster({ send, untilBack: () => Promise.resolve(false) })
    await expect(other.run(never)).rejects.toThrow(RedisUnavailableError)
  })
})
