/** The queue holds as many tasks as it may. */
export class QueueFullError extends Error {
  override name = 'QueueFullError'
  readonly code = 'QUEUE_FULL'
  constructor(
    queue: string,
    readonly length: number,
  ) {
    super(`the queue ${queue} is full: ${length} tasks wait or are delayed`)
  }
}
