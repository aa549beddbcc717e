import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/process/package-root.js'
import { parseFormation, parseProcfile } from '../../src/start/procfile.js'

const types = [
  { name: 'web', command: 'node web.js' },
  { name: 'prodcons', command: 'node worker.js' },
]

describe('a Procfile', () => {
  it('names processes and their commands', () => {
    const text = '# comment\nweb: node web.js\r\n\n  prodcons:   node worker.js --a: b  \n'
    expect(parseProcfile(text)).toEqual([
      { name: 'web', command: 'node web.js' },
      { name: 'prodcons', command: 'node worker.js --a: b' },
    ])
  })

  it.each(['web', 'web:', 'a b: x', ': x'])(
    'is refused with the number of a line that is wrong: %s',
    (line) => {
      expect(() => parseProcfile(`web: x\n\n${line}\n`)).toThrow(
        new SyntaxError(`Procfile line 3: expected "name: command", got "${line}"`),
      )
    },
  )

  it('is what this project has', () => {
    const text = readFileSync(join(packageRoot, 'Procfile'), 'utf8')
    expect(parseProcfile(text).map(({ name }) => name)).toEqual([
      'web',
      'prodcons',
      'pubsub',
      'tasks',
      'memcached',
    ])
  })
})

describe('a formation', () => {
  it('is one process of each type', () => {
    expect(Object.fromEntries(parseFormation([], types))).toEqual({ web: 1, prodcons: 1 })
  })

  it('is scaled by arguments, to none as well', () => {
    expect(Object.fromEntries(parseFormation(['prodcons=3', 'web=0'], types))).toEqual({
      web: 0,
      prodcons: 3,
    })
  })

  it.each(['worker=2', 'web', 'web=', 'web=x', 'web=-1', 'web=1.5', 'web=1000', '--help'])(
    'is refused with what was expected: %s',
    (arg) => {
      expect(() => parseFormation([arg], types)).toThrow(
        new SyntaxError(`${arg}: expected <process>=<count> with one of the processes web, prodcons`),
      )
    },
  )
})
