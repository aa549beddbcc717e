/** One line of a Procfile: the name of a process type and its command. */
export interface ProcessType {
  name: string
  command: string
}

/** How many processes of a type to run. */
export type Formation = Map<string, number>

/**
 * Reads a Procfile: `name: command` lines; empty ones and comments are passed over.
 *
 * @throws {SyntaxError} naming the line
 */
export function parseProcfile(text: string): ProcessType[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => parseLine(line, number))
}

function parseLine(line: string, number: number): ProcessType {
  const [, name, command] = /^([A-Za-z0-9_-]+):\s*(.+)$/.exec(line) ?? []
  if (!name || !command) {
    throw new SyntaxError(`Procfile line ${number}: expected "name: command", got "${line}"`)
  }
  return { name, command }
}

/**
 * Reads `prodcons=3`-like arguments; a type that is not named runs once.
 *
 * @throws {SyntaxError} naming the argument and what was expected
 */
export function parseFormation(args: string[], types: ProcessType[]): Formation {
  const names = types.map(({ name }) => name)
  const formation: Formation = new Map(names.map((name) => [name, 1]))
  for (const arg of args) {
    const [, name, count] = /^([A-Za-z0-9_-]+)=(\d{1,3})$/.exec(arg) ?? []
    if (!name || !names.includes(name)) {
      throw new SyntaxError(
        `${arg}: expected <process>=<count> with one of the processes ${names.join(', ')}`,
      )
    }
    formation.set(name, Number(count))
  }
  return formation
}
