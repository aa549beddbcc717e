// The build's second half, after the compiler: makes dist/ hold what belongs to the sources, all of it and only that.
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root } from './root.mjs'

const out = join(root, 'dist')

/** The compiler copies no scripts. */
function copyScripts() {
  for (const file of filesIn(join(root, 'src')).filter((name) => name.endsWith('.lua'))) {
    const target = join(out, 'src', file)
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(join(root, 'src', file), target)
  }
}

/**
 * Nor does it remove what it made of a source that is gone, and a deleted handler must not go on being found. Emptying
 * dist/ before each build would do too, but pull it from under a Servery that is running.
 */
function removeStale() {
  for (const folder of ['src', 'workers']) {
    const built = existsSync(join(out, folder)) ? filesIn(join(out, folder)) : []
    for (const file of built) {
      if (!existsSync(join(root, folder, sourceOf(file)))) rmSync(join(out, folder, file))
    }
  }
}

function sourceOf(file) {
  return file.replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts')
}

function filesIn(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
}

copyScripts()
removeStale()
