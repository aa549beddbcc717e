/** What Servery is to reach, by row; ratios to the floor (or to what the row says) and to the best peer. */
const targets = {
  'enqueue, 100 in flight': '0.6 of the floor',
  'enqueue in bulk': '0.75 of the floor, ahead of every peer',
  'drain, 1 worker process': '0.7 of the floor, 3 × the best peer',
  'end to end': '0.6 of the floor, 1.7 × the best peer',
  'enqueue to start, idle, p50': 'at most 1.3 × the floor',
  'enqueue to start, idle, p99': 'no worse than the best peer',
  'bytes in Redis, waiting task': 'at most 208, less than every peer',
  'running again after SIGKILL': 'at most 10 s',
  'POST /prodcons': '0.85 of the bare route',
  'POST /tasks': '0.7 of the bare route',
  'POST /tasks, NDJSON': '0.5 of the library in bulk',
}

const idle = 'at most 1 a second'

/** @param {string} row */
export function targetOf(row) {
  if (row.includes('idle worker')) return idle
  return targets[row] ?? ''
}
