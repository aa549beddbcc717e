// What `npm start` runs: makes sure that everything is there, then starts Servery in this same process.
import { requireNode } from './node-version.mjs'

requireNode()
// Imported only now: an older Node must get the line above, not an error about something it does not know.
const { prepare } = await import('./prepare.mjs')
const { nodeModules } = await import('./node-modules.mjs')
const { build } = await import('./build.mjs')
const { server } = await import('./programs.mjs')
await prepare(process.env.REDIS_URL ? [nodeModules, build] : [nodeModules, build, server])
await import('../dist/src/start.js')
