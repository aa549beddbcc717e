import type { Logger } from '../process/log.js'
import type { TaskConsumer } from '../queue/task-consumer.js'
import { decodeElement } from '../queue/task-element.js'
import { newTaskId } from '../queue/task-id.js'
import { failed } from '../queue/outcome.js'
import type { QueueRunner } from './queue-runner.js'

/** Dead consumers' tasks taken over in one round trip. */
const recoverBatch = 100

/**
 * Takes over what dead consumers held: each attempt has failed, and the tasks go the way of any that failed.
 * One round trip for 100 tasks, and one to settle them.
 */
export async function recoverDead(consumer: TaskConsumer, log: Logger): Promise<void> {
  for (;;) {
    const { consumer: dead, tasks } = await consumer.recover(recoverBatch)
    if (dead === '') return
    log.warn({ consumer: dead, tasks: tasks.length }, 'recovered the tasks of a dead consumer')
    const error = new Error(`the worker ${dead} died, or lost touch with Redis, while it ran this task`)
    delete error.stack
    const settlements = tasks.map(({ task, mark }) => ({
      id: task.id,
      outcome: failed(task, error, { worker: dead, startedAt: mark.startedAt, endedAt: Date.now() }),
    }))
    if (settlements.length > 0) await consumer.settle(settlements)
  }
}

/**
 * Finds what Redis handed over and this worker never saw, for an answer can be lost after the command took effect: what
 * stays in the held list and is not known here is run.
 */
export class UnseenTasks {
  #suspects = new Set<string>()

  constructor(
    private readonly consumer: TaskConsumer,
    private readonly runner: QueueRunner,
    private readonly takeSlot: () => boolean,
  ) {}

  /** To be called every few seconds: an answer may be on its way, so it takes two looks to call a task unseen. */
  async look(): Promise<void> {
    const unknown = new Set((await this.consumer.held()).filter((element) => !this.#isKnown(element)))
    const unseen = [...unknown].filter((element) => this.#suspects.has(element))
    this.#suspects = unknown
    for (const element of unseen) await this.#adopt(element)
  }

  #isKnown(element: string): boolean {
    const decoded = decodeElement(element)
    return 'id' in decoded && (this.runner.runs.has(decoded.id) || this.runner.settler.isPending(decoded.id))
  }

  async #adopt(element: string): Promise<void> {
    const adopted = await this.consumer.adopt(element, newTaskId())
    if (adopted.state !== 'held') return
    if (this.takeSlot()) this.runner.start(adopted.task)
    else this.runner.giveBack(adopted.task)
  }
}
