import { expect, it } from 'vitest'
import { Roll } from '../../src/channel/roll.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const lease = 60_000

it('lists who attends, by name, numbers in order, until they leave', async () => {
  const roll = new Roll(redis.client, 'c')
  for (const id of ['10~x', '2~z', '2~y', 'a~b~x']) await roll.attend(id, lease)
  await roll.leave('10~x')
  expect(await roll.call()).toEqual([
    { id: '2~y', name: '2' },
    { id: '2~z', name: '2' },
    { id: 'a~b~x', name: 'a~b' },
  ])
})

it('forgets who was not heard of for its lease, and keeps who was', async () => {
  const roll = new Roll(redis.client, 'c')
  await roll.attend('gone~x', 1)
  await expect.poll(() => roll.attend('here~x', lease)).toEqual([{ id: 'here~x', name: 'here' }])
  expect(await redis.client.zcard('{c}:workers')).toBe(1)
})

it('is one of its channel', async () => {
  await new Roll(redis.client, 'c').attend('1~x', lease)
  expect(await new Roll(redis.client, 'd').call()).toEqual([])
})
