import type { Readable } from 'node:stream'

/** One line of the input, counted from 1, and what it holds. */
export type Line = { line: number; value: unknown } | { line: number; mistake: string }

const maxBatch = 500
const lineFeed = 0x0a
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Reads NDJSON in batches of up to {@link maxBatch} lines; when the input pauses, what is complete is given out. Empty
 * lines are passed over. A line that is not JSON, or too long, is a mistake and does not stop the others. Memory stays the
 * same however long the input, or a line of it, is.
 *
 * @param maxLength bytes of a line
 */
export async function* readLines(input: Readable, maxLength: number): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(maxLength)
  // Each chunk is all that has come until now.
  for await (const chunk of input as AsyncIterable<Buffer>) yield* batchesOf(splitter.split(chunk))
  yield* batchesOf(splitter.end())
}

function* batchesOf(lines: Iterable<Line>): Generator<Line[]> {
  let batch: Line[] = []
  for (const line of lines) {
    batch.push(line)
    if (batch.length < maxBatch) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}

/** Cuts bytes into lines, and keeps of one that is too long no more than its length. Only a line feed ends a line. */
class LineSplitter {
  #line = 0
  #parts: Buffer[] = []
  #length = 0

  constructor(private readonly maxLength: number) {}

  *split(chunk: Buffer): Generator<Line> {
    let start = 0
    for (let end; (end = chunk.indexOf(lineFeed, start)) >= 0; start = end + 1) {
      this.#add(chunk.subarray(start, end))
      yield* this.end()
    }
    this.#add(chunk.subarray(start))
  }

  /** What has come of the present line is all of it. */
  *end(): Generator<Line> {
    const [parts, length] = [this.#parts, this.#length]
    this.#parts = []
    this.#length = 0
    this.#line += 1
    const parsed = length > this.maxLength ? this.#tooLong() : parse(this.#line, parts)
    if (parsed) yield parsed
  }

  #add(part: Buffer): void {
    this.#length += part.length
    if (this.#length > this.maxLength) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  #tooLong(): Line {
    return { line: this.#line, mistake: `longer than ${this.maxLength} bytes (BODY_LIMIT)` }
  }
}

function parse(line: number, parts: Buffer[]): Line | undefined {
  try {
    const [first = Buffer.alloc(0), ...more] = parts
    const text = utf8.decode(more.length > 0 ? Buffer.concat(parts) : first)
    return /^[ \t\r]*$/.test(text) ? undefined : { line, value: JSON.parse(text) as unknown }
  } catch (error) {
    const reason = error instanceof SyntaxError ? `JSON: ${error.message}` : 'UTF-8'
    return { line, mistake: `not ${reason}` }
  }
}
