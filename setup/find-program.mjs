import { spawnSync } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// Some systems keep servers where a user's PATH does not look.
const folders = () => [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']

/** The paths of the programs of this name, those that a shell would find first. @param {string} name */
export function findPrograms(name) {
  return folders()
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .filter(isProgram)
}

/** The path of the first of them, undefined where there is none. @param {string} name */
export function findProgram(name) {
  return findPrograms(name)[0]
}

/** Whether a path is that of a file which may be run. @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** The version a program tells, such as `7.0.15`; undefined where it cannot even do that. @param {string} path */
export function versionOf(path) {
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' })
  return status === 0 ? /\d+(\.\d+)+/.exec(stdout)?.[0] : undefined
}
