import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { UnrecoverableError } from '../../src/handlers/task.js'
import checksum from '../../workers/tasks/checksum.js'
import { failureOf } from '../support/failure.js'
import { runHandler } from '../support/run-handler.js'

let site: string
let dataDir: string

// The data folder, with its like outside of it.
beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), 'servery-checksum-'))
  onTestFinished(() => rmSync(site, { recursive: true }))
  dataDir = join(site, 'data')
  mkdirSync(join(dataDir, 'folder'), { recursive: true })
  mkdirSync(join(site, 'data-too'))
  writeFileSync(join(site, 'data-too', 'secret'), 'secret')
  writeFileSync(join(site, 'secret'), 'secret')
})

const sha256 = (content: string | Buffer) => createHash('sha256').update(content).digest('hex')
const ofFile = (file: string) => runHandler(checksum, { file }, { dataDir })

describe('checksum of a text', () => {
  it('is its SHA-256, with its length in bytes', async () => {
    expect(await runHandler(checksum, { text: 'abc' })).toEqual({
      sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
      bytes: 3,
    })
    expect(await runHandler(checksum, { text: 'ü' })).toEqual({ sha256: sha256('ü'), bytes: 2 })
    expect(await runHandler(checksum, { text: '' })).toEqual({ sha256: sha256(''), bytes: 0 })
  })
})

describe('checksum of a file', () => {
  it('is its SHA-256, with progress by bytes', async () => {
    const content = Buffer.alloc(1_000_000, 'servery')
    writeFileSync(join(dataDir, 'folder', 'large'), content)
    const fractions: number[] = []
    const progress = (fraction: number) => fractions.push(fraction)
    const result = await runHandler(checksum, { file: 'folder/large' }, { dataDir, progress })
    expect(result).toEqual({ sha256: sha256(content), bytes: 1_000_000 })
    expect(fractions.length).toBeGreaterThan(5)
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b))
    expect(fractions.at(-1)).toBe(1)
  })

  it('is known of an empty file, and of names that only look like a way out', async () => {
    for (const name of ['empty', '..name', '...', 'folder/../empty']) {
      if (!name.includes('/')) writeFileSync(join(dataDir, name), '')
      expect(await ofFile(name)).toEqual({ sha256: sha256(''), bytes: 0 })
    }
  })

  it('follows links that stay inside', async () => {
    writeFileSync(join(dataDir, 'file'), 'x')
    symlinkSync('../file', join(dataDir, 'folder', 'link'))
    expect(await ofFile('folder/link')).toEqual({ sha256: sha256('x'), bytes: 1 })
  })

  it('works where the data folder is a link itself', async () => {
    writeFileSync(join(dataDir, 'file'), 'x')
    symlinkSync(dataDir, join(site, 'link'))
    const result = await runHandler(checksum, { file: 'file' }, { dataDir: join(site, 'link') })
    expect(result).toEqual({ sha256: sha256('x'), bytes: 1 })
  })

  it('stops when it is aborted', async () => {
    writeFileSync(join(dataDir, 'large'), Buffer.alloc(4_000_000))
    const controller = new AbortController()
    const fractions: number[] = []
    const progress = (fraction: number) => {
      fractions.push(fraction)
      controller.abort()
    }
    const error = await failureOf(runHandler(checksum, { file: 'large' }, { dataDir, controller, progress }))
    expect(error.name).toBe('AbortError')
    expect(fractions.at(-1)).toBeLessThan(1)
  })
})

describe('checksum refuses', () => {
  it.each([
    ['a way out', '../secret'],
    ['a longer way out', 'folder/../../secret'],
    ['a folder whose name begins alike', '../data-too/secret'],
    ['the folder above', '..'],
    ['an absolute path', '/etc/passwd'],
    ['a NUL', 'a\0b'],
  ])('%s, for good', async (_, file) => {
    const error = await failureOf(ofFile(file))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/^file: expected a .*path/)
  })

  it.each([
    ['to a file', 'link', '../secret'],
    ['to a folder', 'link/secret', '../data-too'],
    ['by an absolute path', 'link', '/etc/passwd'],
  ])('a link that leads outside %s', async (_, file, target) => {
    symlinkSync(target, join(dataDir, 'link'))
    const error = await failureOf(ofFile(file))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/stays under DATA_DIR/)
  })

  it.each([
    ['a folder', 'folder'],
    ['the data folder itself', '.'],
    ['a FIFO, without waiting for its writer', 'fifo'],
    ['a socket', 'socket'],
  ])('%s', async (_, file) => {
    execFileSync('mkfifo', [join(dataDir, 'fifo')])
    const server = createServer().listen(join(dataDir, 'socket'))
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    expect(await failureOf(ofFile(file))).toEqual(new UnrecoverableError('file: expected a regular file'))
  })

  it('a device', async () => {
    // Only root can make one: one that there is serves.
    const error = await failureOf(runHandler(checksum, { file: 'zero' }, { dataDir: '/dev' }))
    expect(error).toEqual(new UnrecoverableError('file: expected a regular file'))
  })

  it('what is not there, without telling where it looked, and lets it be tried again', async () => {
    writeFileSync(join(dataDir, 'file'), '')
    for (const file of ['nothing', 'file/nothing']) {
      const error = await failureOf(ofFile(file))
      expect(error).not.toBeInstanceOf(UnrecoverableError)
      expect(error.message).toBe('file: there is no such file under DATA_DIR')
    }
  })

  it.each([
    [{}],
    [{ text: 'a', file: 'b' }],
    [{ text: 1 }],
    [{ file: '' }],
    [{ text: 'a', more: 1 }],
    ['abc'],
  ])('the input %j', async (input) => {
    const error = await failureOf(runHandler(checksum, input, { dataDir }))
    expect(error).toBeInstanceOf(UnrecoverableError)
    expect(error.message).toMatch(/^data/)
  })
})
