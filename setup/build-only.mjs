// Run by servery.mjs: makes sure that the packages and the program are there, as `npm start` does.
import { build } from './build.mjs'
import { nodeModules } from './node-modules.mjs'
import { prepare } from './prepare.mjs'

await prepare([nodeModules, build])
