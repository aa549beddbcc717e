/**
 * The child's side of {@link ./process.mjs}: answers calls that come by IPC, and ends when told to, or with its parent.
 * @param {Record<string, (args: any) => unknown>} methods
 */
export function serve(methods) {
  answer(methods)
  // Only a process that ends by itself writes its CPU profile.
  for (const ending of ['SIGTERM', 'disconnect']) process.once(ending, () => process.exit())
}

/** Answers calls, and leaves it to the program when it ends. @param {Record<string, (args: any) => unknown>} methods */
export function answer(methods) {
  const all = { usage, ...methods }
  process.on('message', async ({ id, method, args }) => {
    try {
      process.send({ id, value: await all[method](args) })
    } catch (error) {
      process.send({ id, error: error.stack })
    }
  })
}

/** CPU time so far, in microseconds, of all threads; resident memory in bytes. */
function usage() {
  const { user, system } = process.cpuUsage()
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() }
}
