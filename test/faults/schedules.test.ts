import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { packageRoot } from '../../src/process/package-root.js'
import { TaskInspector } from '../../src/queue/task-inspector.js'
import { parsePublicId } from '../../src/queue/task-id.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { givenSchedules, redisNow, scheduled } from '../support/schedules.js'
import { givenWeb } from '../support/web.js'

const redis = useRedis()
const everySecond = { every: '1s' }
const patience = { timeout: 20_000, interval: 20 }

/** A handler `note` that writes the id of each task it runs into a file of the test's own. */
function givenLedger() {
  const folder = mkdtempSync(join(tmpdir(), 'servery-ledger-'))
  const ledger = join(folder, 'ledger')
  writeFileSync(ledger, '')
  writeFileSync(join(folder, 'package.json'), '{"type": "module"}')
  writeFileSync(
    join(folder, 'note.js'),
    `import { appendFileSync } from 'node:fs'
     import { task } from '${join(packageRoot, 'dist/src/handlers/task.js')}'
     export default task({ input: {}, run: (_input, { id }) => appendFileSync('${ledger}', id + '\\n') })`,
  )
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const ids = () => readFileSync(ledger, 'utf8').split('\n').filter(Boolean)
  return { folder, ids }
}

/** Workers on a schedule that enqueues `note` each second, and the due times, counted from 1, that were run. */
async function givenWorkers() {
  const { folder, ids } = givenLedger()
  const { schedules } = givenSchedules(redis)
  const { task } = scheduled('')
  await schedules.put('s', everySecond, { queue: 'default', task: { ...task, name: 'note' }, request: {} })
  const { anchor = NaN } = (await schedules.find('s')) ?? {}
  const start = () => givenProcess('workers/tasks.js', { REDIS_URL: redis.url, TASKS_DIR: folder })
  return {
    ids,
    start,
    end: () => schedules.remove('s'),
    /** The due time that each of the tasks is for. One a second, so the time it was enqueued tells. */
    dueTimes: async (): Promise<number[]> => {
      const own = [...new Set(ids())].flatMap((id) => parsePublicId(id)?.id ?? id)
      const tasks = await new TaskInspector(redis.client, 'default').findAll(own)
      return tasks.map(({ enqueuedAt }) => Math.floor((enqueuedAt - anchor) / 1000)).sort((a, b) => a - b)
    },
  }
}

const upTo = (first = NaN, last = NaN) =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('three workers and a schedule of one run a second', () => {
  it('make one run for each due time, also when one of them is killed', async () => {
    const { ids, start, dueTimes, end } = await givenWorkers()
    const [first] = [start(), start(), start()]
    await expect.poll(() => ids().length, patience).toBeGreaterThanOrEqual(3)
    first?.signal('SIGKILL')
    const before = ids().length
    await expect.poll(() => ids().length, patience).toBeGreaterThanOrEqual(before + 4)
    await end()
    const times = await dueTimes()
    expect(times).toEqual(upTo(times[0], times.at(-1)))
    expect(times.length).toBeGreaterThanOrEqual(7)
  })

  it('make one run for all that was missed while all were down', async () => {
    const { ids, start, dueTimes, end } = await givenWorkers()
    const killed = [start(), start(), start()]
    await expect.poll(() => ids().length, patience).toBeGreaterThanOrEqual(1)
    for (const worker of killed) worker.signal('SIGKILL')
    await Promise.all(killed.map((worker) => worker.exit()))
    const before = await dueTimes()
    const due = Number(await redis.client.zscore('{task:schedules}:due', 's'))
    const missed = async () => (await redisNow(redis)) - due
    await expect.poll(missed, patience).toBeGreaterThan(3000)

    for (let workers = 0; workers < 3; workers += 1) start()
    await expect.poll(() => new Set(ids()).size, patience).toBeGreaterThanOrEqual(before.length + 3)
    await end()
    const after = (await dueTimes()).slice(before.length)
    // The one run for all may be made so late that the next is made in the same second.
    expect(after.slice(1)).toEqual(upTo(after[1], after.at(-1)))
    expect((after[0] ?? NaN) - (before.at(-1) ?? NaN)).toBeGreaterThan(3)
  })
})

describe('the web process alone', () => {
  it('enqueues what is due, at once after the change, and stops when the schedule is deleted', async () => {
    const { waiting, schedules } = givenSchedules(redis)
    const { url } = await givenWeb(redis)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ ...everySecond, task: { task: 'echo', data: { message: 1 } } })
    expect((await fetch(`${url}/schedules/s`, { method: 'PUT', headers, body })).status).toBe(201)
    const { anchor = NaN } = (await schedules.find('s')) ?? {}
    await expect.poll(async () => (await waiting()).length, patience).toBe(2)
    expect((await fetch(`${url}/schedules/s`, { method: 'DELETE' })).status).toBe(204)
    const times = (await waiting()).map(({ enqueuedAt }) => Math.floor((enqueuedAt - anchor) / 1000))
    expect(times).toEqual([1, 2])
  })
})
