import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { findProgram } from './find-program.mjs'

const file = '/usr/sbin/policy-rc.d'
const content = `#!/bin/sh
# Servery's setup is installing a package that would start a system service. Gone again after the install.
exit 101
`

/**
 * Keeps Debian's packages from starting services while they are installed, by the system's own rule: they ask
 * policy-rc.d (https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt). Does nothing on other systems,
 * and leaves a policy that somebody else made as it is.
 * @returns {() => void} ends that
 */
export function forbidServiceStarts() {
  if (!findProgram('dpkg') || !place()) return () => {}
  return () => rmSync(file, { force: true })
}

function place() {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o755 })
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return isOurs()
    throw error
  }
}

/** One of ours can be left over only by a kill that nothing survives; it is then removed after all. */
function isOurs() {
  return readFileSync(file, 'utf8') === content
}
