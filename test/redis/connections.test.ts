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
