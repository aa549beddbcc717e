/** There are as many schedules as there may be, in all queues. */
export class TooManySchedulesError extends Error {
  override name = 'TooManySchedulesError'
  readonly code = 'TOO_MANY_SCHEDULES'
  constructor(readonly count: number) {
    super(`there are ${count} schedules already, delete one first`)
  }
}

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
