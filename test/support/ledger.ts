import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** One run of a task, as its handler itself wrote it down: see `test/fixtures/ledger.js`. */
export interface LedgerRun {
  id: string
  attempt: number
  pid: number
  startedAt: number
  /** Undefined while it runs, or when its process was killed. */
  ended?: { event: 'end' | 'fail' | 'abort'; at: number }
}

/** What the handlers of `test/fixtures/tasks` did, however their workers and Redis fared. */
export function givenLedger() {
  const folder = mkdtempSync(join(tmpdir(), 'servery-ledger-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return new Ledger(folder)
}

class Ledger {
  constructor(readonly folder: string) {}

  /** All runs, in the order in which they started. */
  get runs(): LedgerRun[] {
    const file = join(this.folder, 'ledger')
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
    const runs: LedgerRun[] = []
    const open = new Map<string, LedgerRun>()
    for (const line of lines.filter((each) => each !== '')) {
      const [event, id = '', attempt, pid, time] = line.split(' ')
      const key = `${id} ${attempt} ${pid}`
      if (event === 'start') {
        const run = { id, attempt: Number(attempt), pid: Number(pid), startedAt: Number(time) }
        open.set(key, run)
        runs.push(run)
      } else {
        const run = open.get(key)
        if (run) run.ended = { event: event as 'end', at: Number(time) }
        open.delete(key)
      }
    }
    return runs
  }

  of(id: string): LedgerRun[] {
    return this.runs.filter((run) => run.id === id)
  }

  /** Runs that ended well. */
  get done(): LedgerRun[] {
    return this.runs.filter(({ ended }) => ended?.event === 'end')
  }

  /**
   * Pairs of runs of one task of which the later began before the earlier had ended.
   *
   * @param excused whether the earlier one's worker had died or been frozen by then
   */
  overlaps(
    excused: (earlier: LedgerRun, later: LedgerRun) => boolean = () => false,
  ): [LedgerRun, LedgerRun][] {
    return [...this.#byId().values()].flatMap((runs) =>
      runs.flatMap((later, at) =>
        runs
          .slice(0, at)
          .filter(({ ended }) => !ended || ended.at > later.startedAt)
          .filter((earlier) => !excused(earlier, later))
          .map((earlier): [LedgerRun, LedgerRun] => [earlier, later]),
      ),
    )
  }

  #byId(): Map<string, LedgerRun[]> {
    const byId = new Map<string, LedgerRun[]>()
    for (const run of this.runs) byId.set(run.id, [...(byId.get(run.id) ?? []), run])
    return byId
  }
}
