import { type DeadMatch, groupedAtMost, isMatch } from '../queue/dead-reasons.js'
import { parsePublicId } from '../queue/task-id.js'
import type { TaskBoard } from './task-board.js'

export type BulkAction = 'retry' | 'run' | 'cancel' | 'delete'

/** Which tasks of a queue: those named, or those of a state, among the dead also those of a task and an error. */
export interface BulkTarget extends DeadMatch {
  /** Public ones. */
  ids?: string[]
  state?: 'waiting' | 'delayed' | 'dead'
}

export interface BulkRequest extends BulkTarget {
  queue: string
  action: BulkAction
}

/** Tasks that are on their way to Redis at the same time. */
const perBatch = 50

/** How many tasks a target means now. */
export async function countTargets(board: TaskBoard, queue: string, target: BulkTarget): Promise<number> {
  if (target.ids) return target.ids.length
  if (hasMatch(target)) return (await matching(board, queue, target)).length
  const counts = await board.inspect(queue).counts()
  return counts[target.state ?? 'dead']
}

/**
 * Does the same with many tasks, a batch after the other; how many it was done with. Those that are no longer what they
 * were are passed over. Of dead ones by task and error, those among the newest thousand are meant.
 */
export async function actOnMany(board: TaskBoard, request: BulkRequest, recordMs: number): Promise<number> {
  const { queue, action, state = 'dead', ids } = request
  const act = (batch: string[]) => actOn(board, { queue, action, recordMs }, batch)
  if (ids) return inBatches(ownIds(queue, ids), act)
  if (hasMatch(request)) return inBatches(await matching(board, queue, request), act)
  if (action === 'delete') return board.queue(queue).purge(state)
  return state === 'waiting' ? 0 : actOnAll(board, { queue, state }, act)
}

const hasMatch = ({ task, error }: BulkTarget): boolean => task !== undefined || error !== undefined

async function matching(board: TaskBoard, queue: string, target: BulkTarget): Promise<string[]> {
  const reasons = await board.deadReasons(queue, groupedAtMost)
  return reasons.filter((reason) => isMatch(reason, target)).map(({ id }) => id)
}

// What is retried leaves the list that is read, and may come back to it: as many as there were, and no more.
async function actOnAll(
  board: TaskBoard,
  { queue, state }: { queue: string; state: 'delayed' | 'dead' },
  act: (ids: string[]) => Promise<number>,
): Promise<number> {
  const inspector = board.inspect(queue)
  const counts = await inspector.counts()
  let done = 0
  for (let left = counts[state]; left > 0; left -= perBatch) {
    const ids = await inspector.firstIds(state, Math.min(left, perBatch))
    if (ids.length === 0) return done
    done += await act(ids)
  }
  return done
}

async function inBatches(ids: string[], act: (batch: string[]) => Promise<number>): Promise<number> {
  let done = 0
  for (let first = 0; first < ids.length; first += perBatch) {
    done += await act(ids.slice(first, first + perBatch))
  }
  return done
}

async function actOn(
  board: TaskBoard,
  { queue: name, action, recordMs }: { queue: string; action: BulkAction; recordMs: number },
  ids: string[],
): Promise<number> {
  const queue = board.queue(name)
  const actions: Record<BulkAction, (id: string) => Promise<string>> = {
    retry: (id: string) => queue.revive(id),
    run: (id: string) => queue.runNow(id),
    cancel: (id: string) => queue.cancel(id, recordMs),
    delete: (id: string) => queue.cancel(id, 0),
  }
  const outcomes = await Promise.all(ids.map(actions[action]))
  return outcomes.filter((outcome) => ['waiting', 'removed', 'active'].includes(outcome)).length
}

function ownIds(queue: string, ids: string[]): string[] {
  return ids.flatMap((text) => {
    const parsed = parsePublicId(text)
    return parsed?.queue === queue ? parsed.id : []
  })
}
