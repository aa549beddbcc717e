/** An error, bounded: class, message of 1 kB, stack of 50 frames and 8 kB. */
export interface StoredError {
  name: string
  message: string
  stack?: string
}

const maxName = 100
const maxMessage = 1024
const maxStack = 8192
const maxFrames = 50

/** Anything that was thrown, in the form in which it is kept. Never throws, whatever it is. */
export function toStoredError(thrown: unknown): StoredError {
  if (!orNothing(() => thrown instanceof Error))
    return {
      name: 'Error',
      message: cut(
        textOf(() => thrown),
        maxMessage,
      ),
    }
  const error = thrown as Error
  const stack = orNothing(() => framesOf(error.stack))
  return {
    name: cut(
      textOf(() => error.name),
      maxName,
    ),
    message: cut(
      textOf(() => error.message),
      maxMessage,
    ),
    ...(stack && { stack }),
  }
}

function framesOf(stack: unknown): string | undefined {
  if (typeof stack !== 'string') return undefined
  const lines = stack.split('\n')
  const first = lines.findIndex((line) => /^\s+at /.test(line))
  // What stands above the frames repeats the message, however long that is.
  const head = cut(lines.slice(0, first < 0 ? 1 : first).join('\n'), maxMessage)
  const frames = first < 0 ? [] : lines.slice(first, first + maxFrames)
  return cut([head, ...frames].join('\n'), maxStack)
}

// A handler may throw what cannot be written out: an object without a prototype, a getter that throws, a proxy.
function textOf(read: () => unknown): string {
  return orNothing(() => String(read())) ?? 'something that cannot be written out'
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The beginning of a text that is too long, in bytes of UTF-8. */
export function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text.slice(0, maxBytes))
  if (bytes.length <= maxBytes) return text.slice(0, maxBytes)
  // A character that is cut in two is left out.
  return bytes
    .subarray(0, maxBytes)
    .toString()
    .replace(/\ufffd+$/, '')
}
