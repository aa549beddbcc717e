import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Duty } from '../../src/process/duty.js'

const forever = 1_000_000
const ignore = () => undefined

function givenDuty(
  run: () => Promise<number> | number,
  onError: (error: unknown) => void = ignore,
  retryMs?: number,
) {
  const duty = new Duty(run, onError, retryMs)
  onTestFinished(() => duty.stop())
  return duty
}

describe('a duty', () => {
  it('runs at once and again after what it returned', async () => {
    const run = vi.fn(() => 1)
    givenDuty(run).start()
    await vi.waitFor(() => expect(run.mock.calls.length).toBeGreaterThan(3))
  })

  it('sleeps for as long as the run said', async () => {
    const sleepsMs = [20, 40, forever]
    const startedAt: number[] = []
    givenDuty(() => {
      startedAt.push(performance.now())
      return sleepsMs[startedAt.length - 1] ?? forever
    }).start()
    await vi.waitFor(() => expect(startedAt).toHaveLength(3))
    const [first = 0, second = 0, third = 0] = startedAt
    // A timer may fire up to a millisecond early, and any time late.
    expect(second - first).toBeGreaterThan(18)
    expect(third - second).toBeGreaterThan(38)
  })

  it('is woken from its sleep', async () => {
    const run = vi.fn(() => forever)
    const duty = givenDuty(run)
    duty.start()
    for (let times = 1; times <= 3; times++) {
      await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(times))
      await new Promise(setImmediate)
      duty.wake()
    }
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(4))
  })

  it('never runs twice at once, started or woken however often', async () => {
    let running = 0
    let most = 0
    const run = vi.fn(async () => {
      most = Math.max(most, ++running)
      await new Promise(setImmediate)
      running--
      return 0
    })
    const duty = givenDuty(run)
    duty.start()
    duty.start()
    await vi.waitFor(() => {
      duty.wake()
      expect(run.mock.calls.length).toBeGreaterThan(5)
    })
    expect(most).toBe(1)
  })

  it('reports a run that threw, and goes on', async () => {
    const errors: unknown[] = []
    const run = vi.fn(() => {
      throw new Error(`mistake ${run.mock.calls.length}`)
    })
    givenDuty(run, (error) => errors.push(error), 1).start()
    await expect.poll(() => errors.slice(0, 2)).toEqual([new Error('mistake 1'), new Error('mistake 2')])
  })

  it('stops in its sleep at once, and runs no more', async () => {
    const run = vi.fn(() => forever)
    const duty = givenDuty(run)
    duty.start()
    await vi.waitFor(() => expect(run).toHaveBeenCalledTimes(1))
    await duty.stop()
    duty.wake()
    duty.start()
    expect(run).toHaveBeenCalledTimes(1)
  })

  it('lets the present run end before it has stopped', async () => {
    let finish: (sleepMs: number) => void = ignore
    const duty = givenDuty(() => new Promise<number>((resolve) => (finish = resolve)))
    duty.start()
    let isStopped = false
    const stopped = duty.stop().then(() => (isStopped = true))
    await new Promise(setImmediate)
    expect(isStopped).toBe(false)
    finish(forever)
    await stopped
    expect(isStopped).toBe(true)
  })

  it('may be stopped twice, and when it was never started', async () => {
    const duty = givenDuty(() => forever)
    await expect(duty.stop()).resolves.toBeUndefined()
    await expect(duty.stop()).resolves.toBeUndefined()
  })
})
