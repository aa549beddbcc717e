import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.mjs'

/**
 * A hash over names and contents: equal exactly when nothing was added, removed, renamed or changed.
 * @param {string[]} paths files and folders below the repository's; those that do not exist count as empty
 * @param {string} [extra] what else makes a difference
 * @returns {string}
 */
export function fingerprint(paths, extra = '') {
  const hash = createHash('sha256').update(extra)
  for (const file of paths.flatMap(filesBelow).sort()) {
    const content = readFileSync(join(root, file))
    hash.update(`\0${file}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

function filesBelow(path) {
  const stats = statSync(join(root, path), { throwIfNoEntry: false })
  if (!stats) return []
  if (!stats.isDirectory()) return [path]
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(`${path}/${name}`))
}

/** Whether a stamp file holds this fingerprint. @param {string} file @param {string} print */
export function isStamped(file, print) {
  try {
    return readFileSync(join(root, file), 'utf8') === print
  } catch {
    return false
  }
}

/** Writes a stamp file whole or not at all. @param {string} file @param {string} print */
export function stamp(file, print) {
  const partial = join(root, `${file}.${process.pid}`)
  writeFileSync(partial, print)
  renameSync(partial, join(root, file))
}

/** Takes a stamp away before what it vouches for is changed. @param {string} file */
export function unstamp(file) {
  rmSync(join(root, file), { force: true })
}
