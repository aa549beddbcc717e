/** A line is longer than may be. */
export class LineTooLongError extends Error {
  override name = 'LineTooLongError'
}

const newline = 10
const carriageReturn = 13

/**
 * Splits bytes into lines, whatever the bytes; those of each chunk together. A line ends with LF or CRLF, the last one also
 * without.
 *
 * @param maxBytes longest line; it bounds what is kept in memory
 * @throws {LineTooLongError} naming the line, counted from 1
 */
export async function* readLines(input: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer[]> {
  let rest: Buffer[] = []
  let restBytes = 0
  let count = 0
  for await (const chunk of input) {
    const { lines, tail } = split(chunk)
    if (lines[0]) {
      lines[0] = withoutReturn(Buffer.concat([...rest, lines[0]]))
      rest = []
      restBytes = 0
    }
    rest.push(tail)
    restBytes += tail.length
    count += lines.length
    if (lines.length > 0) yield lines
    if (restBytes > maxBytes) throw new LineTooLongError(`line ${count + 1} is longer than ${maxBytes} bytes`)
  }
  if (restBytes > 0) yield [withoutReturn(Buffer.concat(rest))]
}

function split(chunk: Buffer): { lines: Buffer[]; tail: Buffer } {
  const lines: Buffer[] = []
  let start = 0
  for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
    const line = chunk.subarray(start, end)
    // Of the first the beginning may be in an earlier chunk.
    lines.push(lines.length === 0 ? line : withoutReturn(line))
    start = end + 1
  }
  return { lines, tail: chunk.subarray(start) }
}

const withoutReturn = (line: Buffer): Buffer => (line.at(-1) === carriageReturn ? line.subarray(0, -1) : line)
