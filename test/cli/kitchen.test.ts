import { expect, it } from 'vitest'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

const givenKitchen = (...args: string[]) =>
  givenProcess('src/cli/servery.js', { REDIS_URL: redis.url }, ['kitchen', '--pace', '20ms', ...args])

const leftIn = (lines: string[]) => lines.map((line) => Number(/(\d+) left$/.exec(line)?.[1]))

const dishIn = (line: string) => /\d\.\d+/.exec(line)?.[0] ?? ''

it('shows who made what and who ate it, and how many are left, until Ctrl-C', async () => {
  const kitchen = givenKitchen()
  for (const cook of [1, 2, 3])
    await kitchen.line(new RegExp(`^Cook ${cook} made \\S+ ${cook}\\.\\d+, \\d+ left$`))
  for (const diner of [1, 2])
    await kitchen.line(new RegExp(`^Diner ${diner} ate \\S+ (\\d)\\.\\d+ made by cook \\1, \\d+ left$`))
  kitchen.signal('SIGINT')
  expect(await kitchen.exit()).toBe(0)
  const shown = leftIn(kitchen.matching(/left$/))
  expect(Math.max(...shown)).toBeLessThanOrEqual(10)
  expect(shown.at(-1)).toBe(await redis.client.llen('task:queue:kitchen'))
  expect(kitchen.lines.at(-1)).toMatch(/^The kitchen is closed/)
  expect(await redis.client.hlen('{task:queue:kitchen}:active')).toBe(0)
})

it('lets cooks wait while there is no room, and what is left over be eaten the next time', async () => {
  const full = givenKitchen('--cooks', '5', '--diners', '1', '--room', '2')
  await full.line(/^Cook \d waits for room$/)
  full.signal('SIGTERM')
  expect(await full.exit()).toBe(0)
  expect(Math.max(...leftIn(full.matching(/left$/)))).toBeLessThanOrEqual(2)
  const eaten = full.matching(/^Diner/).map(dishIn)
  const over =
    full
      .matching(/^Cook \d made/)
      .map(dishIn)
      .find((dish) => !eaten.includes(dish)) ?? 'none'
  const next = givenKitchen('--cooks', '1')
  expect(await next.line(new RegExp(`^Diner .* ${over.replace('.', '\\.')} `))).toContain(over)
  next.signal('SIGINT')
  expect(await next.exit()).toBe(0)
})
