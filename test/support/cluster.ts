import { Command } from 'ioredis'
import { vi } from 'vitest'
import { type FlagsFor, inMemory, ServerProcess, untilInfo } from './server-process.js'

const slots = 16_384
const masters = 3
// In memory: whatever a replica lacks is to be lost, so that a test can see it.
const flagsFor: FlagsFor = (port, folder) => [
  ...inMemory(port, folder),
  ...['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'],
]

/** A real Redis Cluster on loopback: three masters, each with a replica. */
export class TestCluster {
  private constructor(readonly nodes: ServerProcess[]) {}

  /** Starts one; it is gone after the test. */
  static async start(): Promise<TestCluster> {
    const nodes = await Promise.all(Array.from({ length: 2 * masters }, () => ServerProcess.start(flagsFor)))
    await join(nodes)
    return new TestCluster(nodes)
  }

  /** What goes into REDIS_URL: some nodes, not all. */
  get url(): string {
    return this.urlFor('')
  }

  /** @param credentials `user:password@` */
  urlFor(credentials: string): string {
    const some = this.nodes.slice(0, 3)
    return some.map(({ port }) => `redis://${credentials}127.0.0.1:${port}`).join()
  }

  /** The node that takes writes for a key, as the Cluster itself says. */
  async masterOf(key: string): Promise<ServerProcess> {
    const slot = new Command('exists', [key]).getSlot()
    const living = this.nodes.find(({ isRunning }) => isRunning)
    const ranges = (await living?.client.cluster('SLOTS')) ?? []
    const [, , owner] = ranges.find(([first, last]) => slot >= first && slot <= last) ?? []
    const master = this.nodes.find(({ port }) => port === owner?.[1])
    if (!master) throw new Error(`no node has ${key}`)
    return master
  }
}

async function join(nodes: ServerProcess[]): Promise<void> {
  const [first] = nodes as [ServerProcess]
  await Promise.all(
    nodes.map(async ({ client }, index) => {
      await client.cluster('SET-CONFIG-EPOCH', index + 1)
      if (index >= masters) return
      const [from, to] = [index, index + 1].map((part) => Math.floor((slots * part) / masters)) as [
        number,
        number,
      ]
      await client.call('CLUSTER', 'ADDSLOTSRANGE', from, to - 1)
    }),
  )
  for (const { port } of nodes) await first.client.cluster('MEET', '127.0.0.1', port)
  await untilAll(nodes, new RegExp(`cluster_known_nodes:${nodes.length}`))
  await Promise.all(
    nodes.slice(masters).map(async ({ client }, index) => {
      const master = await nodes[index]?.client.cluster('MYID')
      await client.cluster('REPLICATE', String(master))
      await untilInfo(client, 'replication', /master_link_status:up/)
    }),
  )
  await untilAll(nodes, /cluster_state:ok[^]*cluster_slots_ok:16384/)
}

async function untilAll(nodes: ServerProcess[], state: RegExp): Promise<void> {
  const all = nodes.map(({ client }) =>
    vi.waitFor(
      async () => {
        if (!state.test(await client.cluster('INFO'))) throw new Error(`not yet ${state}`)
      },
      { timeout: 20_000, interval: 20 },
    ),
  )
  await Promise.all(all)
}
