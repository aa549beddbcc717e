/**
 * The tasks that a worker is running, in memory that its heartbeat thread reads too. The thread must know them
 * while the main thread is stuck in a handler and can tell it nothing.
 *
 * A row: startedAt, deadline (0 = none), index of the queue, index of the handler (four doubles), then 17 bytes of id; startedAt 0 = free.
 * The first row holds the time at which the main thread was last seen alive.
 */
export class RunningTable {
  readonly buffer: SharedArrayBuffer
  readonly #numbers: Float64Array
  readonly #bytes: Uint8Array
  readonly #rows: number

  constructor(rowsOrBuffer: number | SharedArrayBuffer) {
    const isNew = typeof rowsOrBuffer === 'number'
    this.buffer = isNew ? new SharedArrayBuffer((rowsOrBuffer + 1) * rowBytes) : rowsOrBuffer
    this.#rows = this.buffer.byteLength / rowBytes - 1
    this.#numbers = new Float64Array(this.buffer)
    this.#bytes = new Uint8Array(this.buffer)
  }

  /** Says that the main thread runs. */
  tick(nowMs: number): void {
    this.#numbers[0] = nowMs
  }

  get lastTick(): number {
    return this.#numbers[0] ?? 0
  }

  /** @param row from 0, one for each slot */
  set(row: number, task: RunningTask): void {
    const start = (row + 1) * rowNumbers
    const idStart = (row + 1) * rowBytes + idOffset
    for (let at = 0; at < idLength; at += 1) this.#bytes[idStart + at] = task.id.charCodeAt(at)
    this.#numbers[start + 1] = task.deadline
    this.#numbers[start + 2] = task.queue
    this.#numbers[start + 3] = task.handler
    this.#numbers[start] = task.startedAt
  }

  clear(row: number): void {
    this.#numbers[(row + 1) * rowNumbers] = 0
  }

  rows(): RunningTask[] {
    return Array.from({ length: this.#rows }, (_, row) => this.#read(row)).filter(
      ({ startedAt }) => startedAt > 0,
    )
  }

  #read(row: number): RunningTask {
    const start = (row + 1) * rowNumbers
    const [startedAt = 0, deadline = 0, queue = 0, handler = 0] = this.#numbers.slice(start, start + 4)
    const idStart = (row + 1) * rowBytes + idOffset
    return {
      startedAt,
      deadline,
      queue,
      handler,
      id: String.fromCharCode(...this.#bytes.slice(idStart, idStart + idLength)),
    }
  }
}

export interface RunningTask {
  id: string
  /** Index of its queue in the worker's list. */
  queue: number
  /** Index of its handler among the worker's. */
  handler: number
  /** ms since 1970 by this machine's clock. */
  startedAt: number
  /** When it must have ended, or 0. */
  deadline: number
}

const rowBytes = 56
const rowNumbers = rowBytes / 8
const idOffset = 32
const idLength = 17
