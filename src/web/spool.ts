import { once } from 'node:events'
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

/** Bytes. */
export interface SpoolLimits {
  /** What is kept in memory; the rest goes into a file. */
  memory: number
  /** How long the file may become; then the source waits until all of it is read. */
  file: number
}

const usual: SpoolLimits = { memory: 1024 ** 2, file: 1024 ** 3 }
const readSize = 64 * 1024

/**
 * A stream of what a source gives, which goes on being taken while nobody reads: for a client that reads no answer before
 * it has sent all. Memory is bounded; beyond it a temporary file is used, without a name, so that nothing is left of it
 * however this ends.
 */
export class Spool extends Readable {
  readonly #limits: SpoolLimits
  readonly #memory: Buffer[] = []
  #inMemory = 0
  #file: FileHandle | undefined
  /** Places in the file. */
  #written = 0
  #fetched = 0
  #isServing = false
  #isWanted = false
  #isEnded = false

  constructor(source: AsyncIterable<string>, limits = usual) {
    super({ highWaterMark: readSize })
    this.#limits = limits
    void this.#fill(source).catch((error: unknown) => this.destroy(error as Error))
  }

  override _read(): void {
    this.#isWanted = true
    this.#serve()
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.emit('drained')
    const closed = this.#file?.close() ?? Promise.resolve()
    void closed.catch(() => undefined).finally(() => done(error))
  }

  get #inFile(): number {
    return this.#written - this.#fetched
  }

  async #fill(source: AsyncIterable<string>): Promise<void> {
    for await (const text of source) {
      if (this.destroyed) return
      await this.#append(Buffer.from(text))
      this.#serve()
      if (this.#written >= this.#limits.file && this.#inFile > 0) await once(this, 'drained')
    }
    this.#isEnded = true
    this.#serve()
  }

  async #append(bytes: Buffer): Promise<void> {
    // What comes after something that is in the file goes there too.
    if (this.#inFile === 0 && this.#inMemory < this.#limits.memory) {
      this.#memory.push(bytes)
      this.#inMemory += bytes.length
      return
    }
    if (this.#inFile === 0) this.#written = this.#fetched = 0
    const file = await this.#opened()
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await file.write(bytes, at, bytes.length - at, this.#written)
      this.#written += bytesWritten
      at += bytesWritten
    }
  }

  async #opened(): Promise<FileHandle> {
    this.#file ??= await openNameless()
    // The reader may have gone meanwhile.
    if (this.destroyed) await this.#file.close()
    return this.#file
  }

  #serve(): void {
    if (!this.#isWanted || this.#isServing || this.destroyed) return
    const bytes = this.#memory.shift()
    if (bytes) {
      this.#inMemory -= bytes.length
      this.#give(bytes)
    } else if (this.#inFile > 0) {
      void this.#serveFromFile().catch((error: unknown) => this.destroy(error as Error))
    } else if (this.#isEnded) {
      this.push(null)
    }
  }

  async #serveFromFile(): Promise<void> {
    this.#isServing = true
    const bytes = Buffer.allocUnsafe(Math.min(readSize, this.#inFile))
    const { bytesRead } = (await this.#file?.read(bytes, 0, bytes.length, this.#fetched)) ?? { bytesRead: 0 }
    this.#isServing = false
    this.#fetched += bytesRead
    this.#give(bytes.subarray(0, bytesRead))
  }

  #give(bytes: Buffer): void {
    this.#isWanted = false
    if (this.#inFile === 0) this.emit('drained')
    this.push(bytes)
  }
}

async function openNameless(): Promise<FileHandle> {
  const folder = await mkdtemp(join(tmpdir(), 'servery-'))
  try {
    return await open(join(folder, 'spool'), 'wx+', 0o600)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
