import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inMemory, ServerProcess, untilInfo } from './server-process.js'

const secret = 'server-secret'
const sentinelSecret = 'sentinel-secret'

/**
 * A real master, its replica, a replica of that, and three Sentinels that look after them; all with passwords. Gone after the
 * test. Of two replicas of one master the one that is behind may be promoted: what Sentinels know of them is a second old.
 */
export async function givenSentinels() {
  const servers = await Promise.all([1, 2, 3].map(() => startServer()))
  const [master, ...replicas] = servers as [ServerProcess, ServerProcess, ServerProcess]
  for (const [index, { client }] of replicas.entries()) {
    const { port, client: above } = servers[index] as ServerProcess
    await client.replicaof('127.0.0.1', port)
    await untilInfo(above, 'replication', /slave0:.*state=online/)
  }
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(master.port)))
  // Each hears of the others from the master; until then they are too few to agree.
  const known = /slaves=1,sentinels=3/
  await Promise.all(sentinels.map(({ client }) => untilInfo(client, 'sentinel', known)))
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join()
  return {
    master,
    replicas,
    /** What goes into REDIS_URL. */
    url: `redis+sentinel://:${secret}@${hosts}/main?sentinelPassword=${sentinelSecret}`,
  }
}

function startServer(): Promise<ServerProcess> {
  const passwords = ['--requirepass', secret, '--masterauth', secret]
  return ServerProcess.start((...where) => [...inMemory(...where), ...passwords], { password: secret })
}

function startSentinel(masterPort: number): Promise<ServerProcess> {
  const settings = (port: number, folder: string) => `
    port ${port}
    bind 127.0.0.1
    dir ${folder}
    requirepass ${sentinelSecret}
    sentinel sentinel-pass ${sentinelSecret}
    sentinel monitor main 127.0.0.1 ${masterPort} 2
    sentinel auth-pass main ${secret}
    sentinel down-after-milliseconds main 500
    sentinel failover-timeout main 3000`
  return ServerProcess.start(
    (port, folder) => {
      const file = join(folder, 'sentinel.conf')
      writeFileSync(file, settings(port, folder))
      return [file, '--sentinel']
    },
    { password: sentinelSecret },
  )
}
