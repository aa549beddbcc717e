import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const shownFunctions = 25
let folder

/** Lets a process write a CPU profile of each of its threads when it ends. */
export function profileOptions(role, subject) {
  folder ??= mkdtempSync(join(tmpdir(), 'servery-profile-'))
  const name = `${role}-${subject}-${process.hrtime.bigint()}`
  return { execArgv: ['--cpu-prof', `--cpu-prof-dir=${join(folder, name)}`] }
}

/** Where the time went in each profiled process: the functions in which most of it was spent. */
export function profilesIn() {
  if (!folder) return 'nothing was profiled'
  const files = readdirSync(folder).flatMap((name) =>
    readdirSync(join(folder, name)).map((file) => join(folder, name, file)),
  )
  return [`profiles, for a flame graph: ${folder}`, ...files.map(summary)].join('\n\n')
}

function summary(path) {
  const profile = JSON.parse(readFileSync(path, 'utf8'))
  const byFunction = selfTimes(profile)
  byFunction.delete('(idle)')
  const busyUs = [...byFunction.values()].reduce((sum, us) => sum + us, 0)
  const lines = [...byFunction]
    .sort(([, a], [, b]) => b - a)
    .slice(0, shownFunctions)
    .map(([name, us]) => `${((us / busyUs) * 100).toFixed(1).padStart(6)} %  ${name}`)
  return [
    path.slice(folder.length + 1),
    `busy for ${(busyUs / 1000).toFixed(0)} ms; of that in`,
    ...lines,
  ].join('\n')
}

/** Microseconds of self time by function. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map()
  samples.forEach((id, index) => {
    const name = names.get(id)
    times.set(name, (times.get(name) ?? 0) + timeDeltas[index])
  })
  return times
}

function nameOf({ functionName, url, lineNumber }) {
  const file = url.split('/').slice(-2).join('/')
  return `${functionName || '(anonymous)'}${file && ` ${file}:${lineNumber + 1}`}`
}
