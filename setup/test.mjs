// What `npm test` runs: makes sure that everything is there, then checks and tests, up to the first failure.
import { requireNode } from './node-version.mjs'

requireNode()
const { prepare } = await import('./prepare.mjs')
const { nodeModules } = await import('./node-modules.mjs')
const { build } = await import('./build.mjs')
const { server, browser } = await import('./programs.mjs')
await prepare([nodeModules, build, server, browser])
const { check } = await import('./checks.mjs')
process.exit(await check(process.argv.slice(2)))
