/**
 * What some work costs Redis, and a process of ours: socket reads, calls and microseconds in all.
 * @param {import('./redis-server.mjs').RedisServer} redis
 * @param {import('../processes/process.mjs').BenchProcess} process
 * @param {() => Promise<unknown>} work
 */
export async function account(redis, process, work) {
  await redis.forget()
  const before = { redisUs: await redis.cpuUs(), nodeUs: await nodeUs(process) }
  await work()
  const { reads, scripts, commands, scriptUs } = await redis.accounts()
  const redisUs = (await redis.cpuUs()) - before.redisUs
  return { reads, scripts, commands, scriptUs, redisUs, nodeUs: (await nodeUs(process)) - before.nodeUs }
}

const nodeUs = async (process) => (await process.call('usage')).cpuUs
