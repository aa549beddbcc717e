import type { Logger } from '../process/log.js'
import type { TaskConsumer } from '../queue/task-consumer.js'
import { decodeElement } from '../queue/task-element.js'
import { newTaskId } from '../queue/task-id.js'
import type { QueueRunner } from './queue-runner.js'

export interface HeldTasksOptions {
  consumer: TaskConsumer
  runner: QueueRunner
  /** Takes a slot, if one is free. */
  takeSlot: () => boolean
  log: Logger
}

/** For so long what is held may be unknown here: the answer that tells of it is on its way, or being asked for. */
const unknownForMs = 1000

/**
 * Compares what Redis says that this worker holds with what it runs. An answer can be lost after the command took
 * effect: what is held and not known here is run. A lease can be lost: what is run and no longer held is aborted.
 */
export class HeldTasks {
  readonly #options: HeldTasksOptions
  /** By their bytes: since when an element is unknown here. */
  #unknown = new Map<string, { element: Buffer; since: number }>()
  #looking = false

  constructor(options: HeldTasksOptions) {
    this.#options = options
  }

  /** To be called every few seconds. One round trip, unless `count`, the length of the held list, says that all is well. */
  async look(count: number): Promise<void> {
    const { runs, settler, parking } = this.#options.runner
    const isAsExpected = count === runs.size + settler.size + parking.size && this.#unknown.size === 0
    if (this.#looking || isAsExpected) return
    this.#looking = true
    try {
      await this.#compare()
    } finally {
      this.#looking = false
    }
  }

  async #compare(): Promise<void> {
    const { consumer, runner } = this.#options
    // Began before the question is asked, so each of these was held then, or has been given away.
    const running = runner.runs.values().filter(({ isRevoked }) => !isRevoked)
    const elements = await consumer.held()
    const held = new Set(elements.map(idIn))
    const lost = running.filter((run) => !held.has(run.task.id) && runner.runs.get(run.task.id) === run)
    if (lost.length > 0) {
      this.#options.log.error({ tasks: lost.length }, 'the lease was lost: tasks were given to other workers')
      for (const run of lost) runner.revoke(run)
    }
    await this.#adoptUnknown(elements.filter((element) => !this.#isKnown(element)))
  }

  async #adoptUnknown(elements: Buffer[]): Promise<void> {
    const now = Date.now()
    const before = this.#unknown
    const keyed = elements.map((element) => [element.toString('latin1'), element] as const)
    this.#unknown = new Map(
      keyed.map(([key, element]) => [key, { element, since: before.get(key)?.since ?? now }]),
    )
    for (const { element, since } of this.#unknown.values()) {
      if (now - since >= unknownForMs) await this.#adopt(element)
    }
  }

  #isKnown(element: Buffer): boolean {
    const { runs, settler, parking } = this.#options.runner
    const id = idIn(element)
    return id !== undefined && (runs.has(id) || settler.isPending(id) || parking.has(id))
  }

  async #adopt(element: Buffer): Promise<void> {
    const { consumer, runner, takeSlot } = this.#options
    const adopted = await consumer.adopt(element, newTaskId())
    if (adopted.state !== 'held') return
    if (takeSlot()) runner.start(adopted)
    else runner.giveBack(adopted.task)
  }
}

function idIn(element: Buffer): string | undefined {
  const decoded = decodeElement(element.toString())
  return 'id' in decoded ? decoded.id : undefined
}
