import type { Writable } from 'node:stream'

/** A terminal, or what stands in for one. */
export interface Terminal extends Writable {
  isTTY?: boolean
  columns?: number
}

const everyMs = 100
const clear = '\r\u001b[K'

/** One line on a terminal's standard error that is written anew again and again; nothing where that is no terminal. */
export class ProgressLine {
  readonly #terminal: Terminal
  readonly #text: () => string
  readonly #timer: NodeJS.Timeout | undefined
  #isShown = false

  /** @param text what there is to say now */
  constructor(text: () => string, terminal: Terminal = process.stderr) {
    this.#text = text
    this.#terminal = terminal
    if (terminal.isTTY) this.#timer = setInterval(() => this.#show(), everyMs).unref()
  }

  /** Makes room for a line of output, which may go to the same terminal. */
  hide(): void {
    if (this.#isShown) this.#terminal.write(clear)
    this.#isShown = false
  }

  stop(): void {
    clearInterval(this.#timer)
    this.hide()
  }

  #show(): void {
    const { columns = 80 } = this.#terminal
    this.#terminal.write(`${clear}${this.#text().slice(0, columns - 1)}`)
    this.#isShown = true
  }
}
