import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/process/package-root.js'
import type { ServerProcess } from './server-process.js'

/** The user that docs/operations.md tells to make, to the letter: `servery`, with `password`. */
const [, documentedUser = ''] =
  /^ACL SETUSER (.*)$/m.exec(readFileSync(join(packageRoot, 'docs/operations.md'), 'utf8')) ?? []

/** Makes the documented user on a server. */
export async function givenUser({ client }: ServerProcess): Promise<void> {
  await client.call('ACL', 'SETUSER', ...documentedUser.split(' '))
  await client.call('ACL', 'LOG', 'RESET')
}

/** What a server has refused since. */
export async function refusedBy({ client }: ServerProcess): Promise<unknown> {
  return client.call('ACL', 'LOG')
}
