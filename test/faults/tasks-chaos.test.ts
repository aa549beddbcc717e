import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { LedgerRun } from '../support/ledger.js'
import type { TestProcess } from '../support/process.js'
import { seededRandom } from '../support/random.js'
import { type TestRedis, useRedis } from '../support/redis.js'
import { givenTasks, givenWorkers, type Tasks } from '../support/tasks.js'

const redis = useRedis()

const taskCount = 10_000
const workerCount = 4
const seed = 20_260_727
/** After a freeze a worker may start what it was handed before it hears that this was given away. */
const afterFreezeMs = 500

it(
  'loses no task and runs none twice at once, whatever dies, freezes or is cut off',
  { timeout: 90_000 },
  async () => {
    const tasks = await givenTasks(redis)
    const settings = { options: { a: 50, b: { type: 'fixed', delayMs: 20 } } } as const
    const ids = await tasks.enqueueMany(taskCount, 'work', { ms: 80 }, settings)
    const chaos = new Chaos(tasks, redis, await givenWorkers(tasks, workerCount))

    await chaos.until(() => tasks.ledger.done.length >= taskCount * 0.95)
    await tasks.untilEmpty(60_000)

    const { runs, done } = tasks.ledger
    const repeated = repeatedRuns(runs)
    console.info(
      `${JSON.stringify(chaos.counts)}: ${runs.length} runs, ${repeated.length} of them repeated,`,
      `${done.length - new Set(done.map(({ id }) => id)).size} ended well twice`,
    )
    expect(ids.filter((id) => !done.some((run) => run.id === id))).toEqual([])
    expect(tasks.ledger.overlaps((earlier, later) => chaos.excuses(earlier, later))).toEqual([])
    expect(repeated.filter(([earlier, later]) => !chaos.excuses(earlier, later))).toEqual([])
    expect(await tasks.audit()).toMatchObject({ accepted: taskCount, done: taskCount, difference: 0 })
    for (const fault of ['kill', 'freeze', 'cut'] as const) expect(chaos.counts[fault]).toBeGreaterThan(2)
  },
)

interface Span {
  pid: number
  from: number
  to: number
}

/** Does something bad to a worker every few hundred milliseconds, and knows what it did. */
class Chaos {
  readonly counts = { kill: 0, freeze: 0, cut: 0 }
  readonly #random = seededRandom(seed)
  readonly #spans: Span[] = []
  readonly #thawing: Promise<void>[] = []

  constructor(
    private readonly tasks: Tasks,
    private readonly server: TestRedis,
    private readonly workers: TestProcess[],
  ) {}

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await sleep(200 + 400 * this.#random())
      const dice = this.#random()
      if (dice < 0.5) await this.#cut()
      else if (dice < 0.75) this.#freeze()
      else this.#kill()
    }
    await Promise.all(this.#thawing)
  }

  /** Whether the earlier run's worker had died, or been frozen, before the later one began. */
  excuses(earlier: LedgerRun, later: LedgerRun): boolean {
    return this.#spans.some(
      ({ pid, from, to }) =>
        pid === earlier.pid && from <= later.startedAt && to >= earlier.startedAt - afterFreezeMs,
    )
  }

  async #cut(): Promise<void> {
    this.counts.cut += 1
    await this.server.cut('normal')
  }

  #kill(): void {
    const at = Math.floor(this.#random() * this.workers.length)
    const victim = this.workers[at]
    if (!victim || this.#isFrozen(victim)) return
    this.counts.kill += 1
    victim.signal('SIGKILL')
    this.#spans.push({ pid: victim.pid, from: Date.now(), to: Infinity })
    this.workers[at] = this.tasks.startWorker()
  }

  // Sometimes past its lease, sometimes not; never all of them.
  #freeze(): void {
    const victim = this.workers[Math.floor(this.#random() * this.workers.length)]
    const forMs = 200 + 8000 * this.#random()
    if (!victim || this.workers.filter((worker) => this.#isFrozen(worker)).length >= 2) return
    if (this.#isFrozen(victim)) return
    this.counts.freeze += 1
    const span = { pid: victim.pid, from: Date.now(), to: Infinity }
    this.#spans.push(span)
    victim.signal('SIGSTOP')
    this.#thawing.push(
      sleep(forMs).then(() => {
        victim.signal('SIGCONT')
        span.to = Date.now()
      }),
    )
  }

  #isFrozen({ pid }: TestProcess): boolean {
    return this.#spans.some((span) => span.pid === pid && span.to === Infinity)
  }
}

/** Runs of a task that had been begun before, each with the run before it. */
function repeatedRuns(runs: LedgerRun[]): [LedgerRun, LedgerRun][] {
  const last = new Map<string, LedgerRun>()
  return runs.flatMap((run): [LedgerRun, LedgerRun][] => {
    const before = last.get(run.id)
    last.set(run.id, run)
    return before ? [[before, run]] : []
  })
}
