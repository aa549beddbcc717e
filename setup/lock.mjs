import { createHash } from 'node:crypto'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from './root.mjs'
import { say } from './say.mjs'

const pollMs = 200
// Not in node_modules/, which `npm ci` empties, nor anywhere else where it would show up as a change.
const file = join(
  tmpdir(),
  `servery-setup-${createHash('sha256').update(root).digest('hex').slice(0, 12)}.lock`,
)

/**
 * Does `work` while no other process sets up this same folder: two `npm ci` at once spoil node_modules/.
 * @template T
 * @param {AbortSignal} interrupted ends the waiting
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(interrupted, work) {
  await acquire(interrupted)
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

async function acquire(interrupted) {
  let told = false
  while (!taken()) {
    const holder = heldBy()
    if (!told && holder) say(`waiting for process ${holder}, which is setting up this folder too`)
    told ||= holder !== undefined
    if (holder) await pause(pollMs)
    else rmSync(file, { force: true })
    interrupted.throwIfAborted()
  }
}

function taken() {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  }
}

/** The process that holds the lock; undefined when it is gone: killed, it could not take its lock away. */
function heldBy() {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return error.code === 'EPERM' ? 'of another user' : undefined
  }
}
