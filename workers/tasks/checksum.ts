import { createHash, type Hash } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { isAbsolute, join, relative, sep } from 'node:path'
import Type from 'typebox'
import { task, UnrecoverableError } from '../../src/handlers/task.js'

// Opened without waiting, as a FIFO would have it, and without following a link that was put there meanwhile.
const openFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW

/** The SHA-256 of a text, or of a file under `DATA_DIR` of any size: `{ sha256, bytes }`. */
export default task({
  input: Type.Refine(
    Type.Object(
      {
        text: Type.Optional(Type.String()),
        file: Type.Optional(
          Type.String({ minLength: 1, maxLength: 4096, description: 'path of a file, relative to DATA_DIR' }),
        ),
      },
      { additionalProperties: false },
    ),
    ({ text, file }) => (text === undefined) !== (file === undefined),
    () => 'must have either text or file',
  ),
  async run({ text, file = '' }, { signal, progress, settings }) {
    const hash = createHash('sha256')
    const bytes =
      text === undefined
        ? await addFile(hash, await openUnder(settings.dataDir, file), { signal, progress })
        : addText(hash, text)
    return { sha256: hash.digest('hex'), bytes }
  },
})

function addText(hash: Hash, text: string): number {
  hash.update(text)
  return Buffer.byteLength(text)
}

interface Watch {
  signal: AbortSignal
  progress: (fraction: number) => void
}

async function addFile(hash: Hash, handle: FileHandle, { signal, progress }: Watch): Promise<number> {
  try {
    const { size } = await regularFile(handle)
    let bytes = 0
    for await (const chunk of handle.createReadStream({ signal, autoClose: false })) {
      hash.update(chunk as Buffer)
      bytes += (chunk as Buffer).length
      progress(bytes / size)
    }
    return bytes
  } finally {
    await handle.close()
  }
}

async function regularFile(handle: FileHandle) {
  const stats = await handle.stat()
  if (!stats.isFile()) throw new UnrecoverableError('file: expected a regular file')
  return stats
}

// A file that is not there yet may come: then trying again helps.
async function openUnder(folder: string, file: string): Promise<FileHandle> {
  if (file.includes('\0')) throw new UnrecoverableError('file: expected a path without NUL')
  if (isAbsolute(file) || isOutside(folder, join(folder, file))) throw outside()
  try {
    // Where it is in truth, with every link followed.
    const path = await realpath(join(folder, file))
    if (isOutside(await realpath(folder), path)) throw outside()
    return await open(path, openFlags)
  } catch (error) {
    if (error instanceof UnrecoverableError) throw error
    throw unreadable(error as NodeJS.ErrnoException)
  }
}

function isOutside(folder: string, path: string): boolean {
  const way = relative(folder, path)
  return way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)
}

function outside(): UnrecoverableError {
  return new UnrecoverableError('file: expected a relative path that stays under DATA_DIR')
}

// Not the system's own message: it would tell where DATA_DIR is.
function unreadable({ code = 'unknown error' }: NodeJS.ErrnoException): Error {
  if (code === 'ENOENT' || code === 'ENOTDIR') return new Error('file: there is no such file under DATA_DIR')
  if (code === 'ENXIO') return new UnrecoverableError('file: expected a regular file')
  return new Error(`file: it cannot be read (${code})`)
}
