#!/usr/bin/env node
// What `npx servery` runs: the commands in dist/src/cli, after building them where that has to be done.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { requireNode } from './node-version.mjs'
import { root } from './root.mjs'

requireNode()
const program = join(root, 'dist/src/cli/servery.js')
if (await isToBePrepared()) prepare()
await import(program)

/** What was installed or built by others than `npm start`, as on a server that gets only the result, is taken as it is. */
async function isToBePrepared() {
  const { nodeModules } = await import('./node-modules.mjs')
  const { build } = await import('./build.mjs')
  const isForeign = (path, stamp) => existsSync(path) && !existsSync(join(root, stamp))
  const isInstalled =
    isForeign(join(root, 'node_modules'), 'node_modules/.servery-stamp') || !nodeModules.missing()
  const isBuilt = isForeign(program, 'dist/.stamp') || !build.missing()
  return !isInstalled || !isBuilt
}

/** In a process of its own, which says what it does on standard error: standard output is for what the command prints. */
function prepare() {
  const script = fileURLToPath(new URL('./build-only.mjs', import.meta.url))
  const { status } = spawnSync(process.execPath, [script], { stdio: ['ignore', 2, 'inherit'] })
  if (status !== 0) process.exit(status ?? 1)
}
