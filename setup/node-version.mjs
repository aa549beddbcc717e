// Imports nothing but what every Node with ES modules has: it must run in order to say that a Node is too old.
import { readFileSync } from 'node:fs'

/** Ends the process with exit code 1 and one line when this Node is older than package.json's `engines` asks for. */
export function requireNode() {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  const minimum = Number.parseInt(engines.node.replace(/\D*/, ''), 10)
  if (Number.parseInt(process.versions.node, 10) >= minimum) return
  console.error(`servery: this is Node ${process.versions.node}; Servery needs Node ${minimum} or later`)
  process.exit(1)
}
