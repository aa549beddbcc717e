import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { root } from './root.mjs'
import { say } from './say.mjs'

const pollMs = 200
// Not in node_modules/, which `npm ci` empties, nor anywhere else where it would show up as a change.
const here = createHash('sha256').update(root).digest('hex').slice(0, 12)

/**
 * A folder with one file in it, whose name says who holds the lock. A folder can be renamed to one that is empty and to
 * none other, so it is taken whole or not at all; and who takes away what a dead holder left cannot hit a living one's,
 * which has another name.
 */
const lock = join(tmpdir(), `servery-setup-${here}`)

/**
 * Does `work` while no other process sets up this same folder: two `npm ci` at once spoil node_modules/.
 * @template T
 * @param {AbortSignal} interrupted ends the waiting
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function alone(interrupted, work) {
  const name = `${process.pid}-${randomBytes(6).toString('hex')}`
  await acquire(name, interrupted)
  try {
    return await work()
  } finally {
    release(name)
  }
}

async function acquire(name, interrupted) {
  let told = false
  while (!taken(name)) {
    const holder = holderName()
    if (holder && isDead(holder)) release(holder)
    else if (holder) {
      if (!told) say(`waiting for process ${pidOf(holder)}, which is setting up this folder too`)
      told = true
      await pause(pollMs)
    }
    interrupted.throwIfAborted()
  }
}

function taken(name) {
  const mine = `${lock}.${name}`
  mkdirSync(mine)
  writeFileSync(join(mine, name), '')
  try {
    renameSync(mine, lock)
    return true
  } catch (error) {
    rmSync(mine, { recursive: true })
    if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
    throw error
  }
}

/** Undefined when the lock has been given back meanwhile. */
function holderName() {
  try {
    return readdirSync(lock)[0]
  } catch {
    return undefined
  }
}

const pidOf = (name) => Number.parseInt(name, 10)

/** Killed, it could not give its lock back. */
function isDead(name) {
  try {
    process.kill(pidOf(name), 0)
    return false
  } catch (error) {
    // Else it is another user's.
    return error.code === 'ESRCH'
  }
}

function release(name) {
  rmSync(join(lock, name), { force: true })
  try {
    rmdirSync(lock)
  } catch {
    // Somebody else has it by now.
  }
}
