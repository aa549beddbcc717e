/** Deeper than any sensible value, and far from what would overflow the stack of JSON.stringify. */
const maxDepth = 500
/** Levels that are few enough to be looked through by recursion. */
const shallow = 50

/**
 * What keeps a parsed JSON value from being written as it was sent: a number that JSON.parse has already rounded, or
 * nesting too deep. Undefined when nothing does.
 *
 * @param field the value's place, for the message
 */
export function inexactness(value: unknown, field: string): string | undefined {
  if (isPlainlyExact(value, shallow)) return undefined
  // Level by level, for recursion is what a deep value would overflow.
  let level: [string, unknown][] = [[field, value]]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > maxDepth) return `${field}: nested more than ${maxDepth} levels deep`
    const rounded = level.find(([, each]) => typeof each === 'number' && !isExact(each))
    if (rounded) return `${rounded[0]}: expected integers below 2^53, larger ones as strings`
    level = level.flatMap(childrenOf)
  }
  return undefined
}

// Nearly every value is, and then no names of fields are needed.
function isPlainlyExact(value: unknown, levels: number): boolean {
  if (typeof value === 'number') return isExact(value)
  if (typeof value !== 'object' || value === null) return true
  if (levels === 0) return false
  for (const name in value) {
    if (!isPlainlyExact((value as Record<string, unknown>)[name], levels - 1)) return false
  }
  return true
}

function childrenOf([field, value]: [string, unknown]): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).map(([name, child]) => [`${field}.${name}`, child])
}

// JSON.parse reads 1e400 as Infinity, which JSON cannot write.
const isExact = (value: number): boolean =>
  Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
