/**
 * The child's side of {@link ./process.mjs}: answers calls that come by IPC, and ends with its parent.
 * @param {Record<string, (args: any) => unknown>} methods
 */
export function serve(methods) {
  const all = { usage, ...methods }
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, value: await all[method](args) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
  process.once('disconnect', () => process.exit())
}

/** CPU time so far, in microseconds, of all threads; resident memory in bytes. */
function usage() {
  const { user, system } = process.cpuUsage()
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() }
}
