import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import compress from '@fastify/compress'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import fp from 'fastify-plugin'
import { packageRoot } from '../../process/package-root.js'

const viewsFolder = join(packageRoot, 'views')
const { resolve } = createRequire(import.meta.url)
// Where we are ourselves a package of another program, its other packages lie beside us.
const packageFolder = (name: string): string => dirname(resolve(`${name}/package.json`))

/** Templates (`reply.view('home', model)`), and the style sheets and browser modules under `/assets/`. */
export const views = fp(
  async (app) => {
    await app.register(view, {
      engine: { eta: new Eta({ views: viewsFolder, cache: true }) },
      root: viewsFolder,
      viewExt: 'eta',
      // What every link begins with.
      defaultContext: { base: app.prefix },
    })
    await app.register(assets)
  },
  { name: 'views' },
)

async function assets(app: Parameters<Parameters<typeof fp>[0]>[0]): Promise<void> {
  await app.register(compress)
  const folders = {
    '/assets/': viewsFolder,
    '/assets/pico/': join(packageFolder('@picocss/pico'), 'css'),
    '/assets/uplot/': join(packageFolder('uplot'), 'dist'),
  }
  for (const [prefix, root] of Object.entries(folders)) {
    await app.register(fastifyStatic, {
      prefix,
      root,
      decorateReply: false,
      allowedPath: (path) => /\.(css|js|svg)$/.test(path),
    })
  }
}
