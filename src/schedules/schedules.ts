import { scheduleKeys, schedulesKey, taskList } from '../queue/names.js'
import { withScripts } from '../queue/scripts.js'
import type { RedisClient } from '../redis/client.js'
import { redisFailure } from '../redis/errors.js'
import { repliesOf } from '../redis/pipeline.js'
import { latestMs } from './due-schedules.js'
import { decodeSchedule, type Run, type ScheduledTask, type ScheduleRecord } from './schedule.js'
import { BadScheduleError, nextDue, type Timing } from './timing.js'

/** Each costs the schedulers little, and the list of all is one answer. */
export const maxSchedules = 1000

export type Put = 'created' | 'changed' | 'unchanged' | 'full'

const failure = redisFailure(schedulesKey)

/** The book of schedules: what is repeated, and when. */
export class Schedules {
  readonly #redis: RedisClient
  #changed: () => void = () => undefined

  constructor(redis: RedisClient) {
    this.#redis = withScripts(redis)
  }

  /** Tells a listener, instead of the one before, of each change that is made here. */
  onChange(listener: () => void): void {
    this.#changed = listener
  }

  /**
   * Creates or changes a schedule. One that keeps its timing keeps its next due time, however often it is put. Runs of
   * the old one that are not enqueued yet never will be. Three round trips at most.
   *
   * @throws {BadScheduleError} when the timing never comes due
   * @throws {RedisUnavailableError} and then it may be changed or not
   */
  async put(name: string, timing: Timing, task: ScheduledTask): Promise<Put> {
    const now = await this.#now()
    const due = nextDue(timing, now, now)
    if (due === undefined)
      throw new BadScheduleError('cron: expected a time that comes, got one that never does')
    const [outcome, revision, before] = await this.#redis
      .putSchedule(schedulesKey, name, JSON.stringify(timing), JSON.stringify(task), now, due, maxSchedules)
      .catch(failure)
    if (outcome === 'changed') {
      const { queue } = decodeSchedule(name, before)
      await this.#close(queue, name, { revision, stays: queue === task.queue })
    }
    this.#changed()
    return outcome as Put
  }

  /** Undefined if there is none. One round trip. */
  async find(name: string): Promise<ScheduleRecord | undefined> {
    const { due, last } = scheduleKeys
    const read = this.#redis.pipeline().hget(schedulesKey, name).zscore(due, name).hget(last, name)
    const [value, score, run] = (await repliesOf(read, schedulesKey)) as (string | null)[]
    return value ? toRecord(name, { value, score, run }) : undefined
  }

  /** All of them, by name. One round trip, O({@link maxSchedules}) at most. */
  async all(): Promise<ScheduleRecord[]> {
    const { due, last } = scheduleKeys
    const read = this.#redis
      .pipeline()
      .hgetall(schedulesKey)
      .zrange(due, '0', '-1', 'WITHSCORES')
      .hgetall(last)
    const [values, scores, runs] = (await repliesOf(read, schedulesKey)) as [Texts, string[], Texts]
    const dueOf = new Map(scores.flatMap((name, index) => (index % 2 ? [] : [[name, scores[index + 1]]])))
    // A Map, for a schedule may be named as something that every object has.
    const runOf = new Map(Object.entries(runs))
    return Object.entries(values)
      .map(([name, value]) => toRecord(name, { value, score: dueOf.get(name), run: runOf.get(name) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Deletes a schedule; false if there was none. Nothing of it is enqueued any more once this has returned. Two round
   * trips.
   *
   * @throws {RedisUnavailableError} and then it may be deleted or not
   */
  async remove(name: string): Promise<boolean> {
    const [revision, value] = await this.#redis.deleteSchedule(schedulesKey, name).catch(failure)
    if (value === '') return false
    await this.#close(decodeSchedule(name, value).queue, name, { revision, stays: false })
    return true
  }

  // A process may be asleep between having been told of a due time and enqueuing its task.
  async #close(
    queue: string,
    name: string,
    { revision, stays }: { revision: number; stays: boolean },
  ): Promise<void> {
    const list = taskList(queue)
    await this.#redis
      .closeSchedule(list, name, revision, stays ? 1 : 0, 6 * latestMs)
      .catch(redisFailure(list))
  }

  // By the clock of the server that has the schedules: beside a key of theirs it is asked of that one.
  async #now(): Promise<number> {
    const [, time] = await repliesOf(this.#redis.pipeline().exists(schedulesKey).time(), schedulesKey)
    const [seconds, micros] = (time as string[]).map(Number) as [number, number]
    return seconds * 1000 + Math.floor(micros / 1000)
  }
}

type Texts = Record<string, string>
type Maybe = string | null | undefined

interface StoredSchedule {
  value: string
  score: Maybe
  run: Maybe
}

function toRecord(name: string, { value, score, run }: StoredSchedule): ScheduleRecord {
  return {
    ...decodeSchedule(name, value),
    nextDue: score ? Number(score) : undefined,
    lastRun: run ? (JSON.parse(run) as Run) : undefined,
  }
}
