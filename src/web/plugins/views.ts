import { join } from 'node:path'
import compress from '@fastify/compress'
import fastifyStatic from '@fastify/static'
import view from '@fastify/view'
import { Eta } from 'eta'
import fp from 'fastify-plugin'
import { packageRoot } from '../../process/package-root.js'

const viewsFolder = join(packageRoot, 'views')

/** Templates (`reply.view('home', model)`), and the style sheets and browser modules under `/assets/`. */
export const views = fp(
  async (app) => {
    await app.register(view, {
      engine: { eta: new Eta({ views: viewsFolder, cache: true }) },
      root: viewsFolder,
      viewExt: 'eta',
    })
    await app.register(assets)
  },
  { name: 'views' },
)

async function assets(app: Parameters<Parameters<typeof fp>[0]>[0]): Promise<void> {
  await app.register(compress)
  const folders = {
    '/assets/': viewsFolder,
    '/assets/pico/': join(packageRoot, 'node_modules/@picocss/pico/css'),
    '/assets/uplot/': join(packageRoot, 'node_modules/uplot/dist'),
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
