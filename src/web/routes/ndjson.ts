import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** One line of the input, counted from 1, and what it holds. */
export type Line = { line: number; value: unknown } | { line: number; mistake: string }

const maxBatch = 500

/**
 * Reads NDJSON in batches of up to 500 lines; empty lines are passed over. A line that is not JSON, or too long, is a
 * mistake and does not stop the others. Memory stays the same however long the input is.
 */
export async function* readLines(input: Readable, maxLength: number): AsyncGenerator<Line[]> {
  let batch: Line[] = []
  let line = 0
  for await (const text of createInterface({ input, crlfDelay: Infinity })) {
    line += 1
    if (text.trim() === '') continue
    batch.push(parse(line, text, maxLength))
    if (batch.length < maxBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function parse(line: number, text: string, maxLength: number): Line {
  if (text.length > maxLength) return { line, mistake: `longer than ${maxLength} bytes (BODY_LIMIT)` }
  try {
    return { line, value: JSON.parse(text) as unknown }
  } catch (error) {
    return { line, mistake: `not JSON: ${(error as Error).message}` }
  }
}
