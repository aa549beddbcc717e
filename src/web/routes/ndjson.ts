import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

/** One line of the input, counted from 1, and what it holds. */
export type Line = { line: number; value: unknown } | { line: number; mistake: string }

const maxBatch = 500
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads NDJSON in batches of up to {@link maxBatch} lines; empty lines are passed over. A line that is not JSON, or too long, is a
 * mistake and does not stop the others. Memory stays the same however long the input is.
 *
 * @param maxLength bytes
 */
export async function* readLines(input: Readable, maxLength: number): AsyncGenerator<Line[]> {
  let batch: Line[] = []
  let line = 0
  // A character a byte, for two reasons: bytes that are not UTF-8 are seen and not replaced, and a line does not end
  // at a U+2028, which JSON allows in a string.
  const bytes = input.setEncoding('latin1')
  for await (const text of createInterface({ input: bytes, crlfDelay: Infinity })) {
    line += 1
    if (text.trim() === '') continue
    batch.push(parse(line, text, maxLength))
    if (batch.length < maxBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

function parse(line: number, bytes: string, maxLength: number): Line {
  if (bytes.length > maxLength) return { line, mistake: `longer than ${maxLength} bytes (BODY_LIMIT)` }
  try {
    return { line, value: JSON.parse(utf8.decode(Buffer.from(bytes, 'latin1'))) as unknown }
  } catch (error) {
    const reason = error instanceof SyntaxError ? `JSON: ${error.message}` : 'UTF-8'
    return { line, mistake: `not ${reason}` }
  }
}
