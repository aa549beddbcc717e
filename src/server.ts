import { resolve } from 'node:path'
import { loadHandlers } from './handlers/registry.js'
import { packageRoot } from './process/package-root.js'
import { runService } from './process/service.js'
import { WebSide } from './web-side.js'

// The web process.
runService('web', (context) => {
  const { config } = context
  const web = new WebSide(config, context)
  const building = loadHandlers(resolve(packageRoot, config.tasksDir)).then((handlers) =>
    web.buildApp(handlers),
  )

  return {
    async start() {
      const app = await building
      await web.start()
      await app.listen({
        port: config.port,
        host: config.host,
        listenTextResolver: (address) => `the page is at ${address}`,
      })
      void web.announceWeaknesses()
    },
    async stop() {
      await (await building).close()
      await web.stop()
    },
  }
})
