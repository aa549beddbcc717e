import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'

/** Where a prompt is shown, and what ends it. */
export interface PromptOptions {
  input: Readable
  output: Writable
  signal: AbortSignal
  /** A line that ends it; empty for none. */
  end: string
}

/**
 * Asks for lines with `publish:` until the end, Ctrl-D, Ctrl-C or the signal.
 *
 * @param onLine deals with one line before the next is asked for, and returns what is to be said of it; what it throws is
 *   said as well, and the next line asked for
 */
export async function prompt(
  { input, output, signal, end }: PromptOptions,
  onLine: (line: string) => Promise<string | undefined>,
): Promise<void> {
  const lines = createInterface({
    input,
    output,
    terminal: true,
    prompt: 'publish: ',
    historySize: 1000,
    signal,
  })
  lines.on('SIGINT', () => lines.close())
  lines.prompt()
  for await (const line of lines) {
    if (end !== '' && line === end) break
    const said = await onLine(line).catch(({ message }: Error) => message)
    if (said !== undefined) output.write(`${said}\n`)
    lines.prompt()
  }
  lines.close()
  output.write('\n')
}
