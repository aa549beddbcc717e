import { expect, it, onTestFinished, vi } from 'vitest'
import { Connections } from '../../src/redis/connections.js'
import { givenFakeRedis } from '../support/fake-redis.js'
import { recordingLog } from '../support/log.js'
import { givenProxy } from '../support/proxy.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

function givenConnections(url: string) {
  const fatal = vi.fn()
  const connections = new Connections(url, { log: recordingLog().log, fatal })
  onTestFinished(() => connections.close())
  return { connections, fatal }
}

it('a user that may not ask INFO is served, without a word about it', async () => {
  await redis.client.call('ACL', 'SETUSER', 'u', 'on', '>pw', '~*', '&*', '+@all', '-info')
  const warn = vi.spyOn(console, 'warn')
  const { url } = await givenProxy(redis)
  const { connections, fatal } = givenConnections(url.replace('//', '//u:pw@'))
  expect(await connections.ready(5000)).toBe(true)
  expect(await connections.waiting().ping()).toBe('PONG')
  expect(await connections.commands.ping()).toBe('PONG')
  await expect(connections.commands.info()).rejects.toThrow('NOPERM')
  expect(warn).not.toHaveBeenCalled()
  expect(fatal).not.toHaveBeenCalled()
})

it('the version is found without INFO too', async () => {
  const { url } = await givenFakeRedis({ version: '6.2.0', mayAskInfo: false })
  const { fatal } = givenConnections(url)
  await vi.waitFor(() =>
    expect(fatal).toHaveBeenCalledWith(expect.objectContaining({ name: 'RedisTooOldError' })),
  )
})

it.each(['one server', 'a Cluster'])(
  'a command whose connection is lost under way fails and is never sent again, to %s',
  async (kind) => {
    const { url, received } = await givenFakeRedis({ hangsUpOn: new Set(['lpush']) })
    const { connections } = givenConnections(kind === 'a Cluster' ? `${url},${url}` : url)
    expect(await connections.ready(5000)).toBe(true)
    await expect(connections.commands.lpush('list', 'value')).rejects.toThrow(/closed|retries/)
    await connections.ready(5000)
    await connections.commands.set('key', 'value')
    expect(received.filter((name) => name === 'lpush')).toHaveLength(1)
  },
)

it('a Cluster is not ready, and its commands fail at once, until all of it can be reached', async () => {
  const { connections } = givenConnections('redis://127.0.0.1:1,redis://127.0.0.1:2')
  expect(await connections.ready(200)).toBe(false)
  await expect(connections.ping()).rejects.toThrow('a part of the Cluster is out of reach')
  await expect(connections.commands.pipeline().get('key').exec()).rejects.toThrow('not connected')
})
