import { spawnSync } from 'node:child_process'
import { readdirSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findProgram } from './find-program.mjs'
import { daemons } from './daemons.mjs'
import { forbidServiceStarts } from './policy.mjs'
import { say } from './say.mjs'
import { SetupProblem } from './setup-problem.mjs'

const units = '/etc/systemd/system'
const enablingLinks = [
  ['/etc', /^rc[2-5]\.d$/, /^S\d\d(.+)$/],
  // Of whatever kind: a system that had no systemd until now gets its getty and its targets enabled too.
  [units, /\.wants$/, /^(.+?)(?:\.service)?$/],
  ['/etc/runlevels', /^default$/, /^(.+)$/],
]

/**
 * Installs, and stops and disables the system services this brought: Debian's packages start theirs and enable them,
 * while Servery runs its own server. Also when the install fails or is interrupted.
 * @param {string[]} packages a service named like one of these is always new: its program was missing until now
 * @param {() => Promise<number>} install
 * @returns {Promise<number>} what `install` returns
 */
export async function withoutNewServices(packages, install) {
  const before = {
    enabled: enabledServices().filter((name) => !packages.includes(name)),
    running: daemons(packages),
  }
  const allowStarts = forbidServiceStarts()
  try {
    return await install()
  } finally {
    allowStarts()
    for (const name of enabledServices()) if (!before.enabled.includes(name)) disable(name)
    stopNew(packages, before.running)
  }
}

/** Names of what starts at boot, under Debian's or systemd's or OpenRC's rules; of systemd's services without `.service`. */
function enabledServices() {
  const names = enablingLinks.flatMap(([folder, folders, links]) =>
    list(folder)
      .filter((name) => folders.test(name))
      .flatMap((name) => list(join(folder, name)))
      .map((link) => links.exec(link)?.[1]),
  )
  return [...new Set(names)].filter(Boolean)
}

function disable(name) {
  if (findProgram('update-rc.d')) spawnSync('update-rc.d', [name, 'disable'])
  if (findProgram('rc-update')) spawnSync('rc-update', ['delete', name])
  removeUnitLinks(name)
  if (enabledServices().includes(name)) throw new SetupProblem(`cannot disable the system service ${name}`)
  say(`disabled the system service ${name}, which came with the package; nothing here needs it`)
}

/** What `systemctl disable` does, aliases included; without systemctl, which a container may get later than this. */
function removeUnitLinks(name) {
  const names = [name, `${name}.service`]
  const folders = list(units).filter((entry) => entry.endsWith('.wants'))
  for (const folder of [units, ...folders.map((entry) => join(units, entry))]) {
    for (const entry of list(folder)) {
      // By the entry's name too: getty@tty1.service is a link to getty@.service.
      const linked = linkTarget(join(folder, entry))
      if (linked && [entry, linked].some((unit) => names.includes(unit))) rmSync(join(folder, entry))
    }
  }
}

function stopNew(packages, before) {
  const started = () => daemons(packages).filter(({ pid }) => !before.some((daemon) => daemon.pid === pid))
  for (const { name } of started()) spawnSync('service', [name, 'stop'])
  const [left] = started()
  if (left) throw new SetupProblem(`the system service ${left.name} (process ${left.pid}) cannot be stopped`)
}

function list(folder) {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function linkTarget(path) {
  try {
    return basename(readlinkSync(path))
  } catch {
    return undefined
  }
}
