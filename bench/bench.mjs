// What `npm run bench` runs: makes sure that everything is there, then measures.
import { requireNode } from '../setup/node-version.mjs'

requireNode()
const { prepare } = await import('../setup/prepare.mjs')
const { nodeModules } = await import('../setup/node-modules.mjs')
const { build } = await import('../setup/build.mjs')
const { server } = await import('../setup/programs.mjs')
const { benchModules } = await import('./bench-modules.mjs')
const { readOptions } = await import('./options.mjs')

const options = readOptions(process.argv.slice(2))
await prepare([nodeModules, build, server, benchModules])
const { run } = await import('./run.mjs')
process.exit(await run(options))
