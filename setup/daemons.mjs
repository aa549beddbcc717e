import { readdirSync, readFileSync } from 'node:fs'

/**
 * The system's running daemons of these names: children of the first process, so nobody's private servers. None where
 * there is no /proc, and not those that have ended, which in a container the first process may never collect.
 * @param {string[]} names
 * @returns {{ name: string, pid: string }[]}
 */
export function daemons(names) {
  return processes().filter(
    ({ name, parent, state }) => parent === '1' && state !== 'Z' && names.includes(name),
  )
}

function processes() {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(describe)
  } catch {
    return []
  }
}

function describe(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const field = (key) => new RegExp(`^${key}:\\s*(\\S+)`, 'm').exec(status)?.[1]
    return { pid, name: field('Name'), parent: field('PPid'), state: field('State') }
  } catch {
    return { pid }
  }
}
