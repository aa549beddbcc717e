import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { main } from '../../src/cli/main.js'
import { servery } from '../support/cli.js'
import { givenProcess } from '../support/process.js'
import { useRedis } from '../support/redis.js'
import { givenSite } from '../support/start.js'

const redis = useRedis()
const commands = ['publish', 'results', 'dispatch', 'broadcast', 'kitchen']

/** What `servery` does without a Redis, in this process. */
async function run(args: string[]) {
  const [out, error]: string[][] = [[], []]
  vi.spyOn(console, 'error').mockImplementation((line: string) => void error?.push(line))
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => out?.push(String(line)) !== 0)
  const code = await main(args).finally(() => vi.restoreAllMocks())
  return { code, out: out?.join('') ?? '', error: error?.join('\n') ?? '' }
}

describe('servery', () => {
  it('tells its commands with --help', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} +\\S`, 'm'))
  })

  it.each(commands)('tells the options of %s with --help, without a Redis', async (command) => {
    const { code, out, error } = await run([command, '--help'])
    expect({ code, error }).toEqual({ code: 0, error: '' })
    expect(out).toContain(`Usage: servery ${command}`)
    expect(out).toMatch(/^ {2}--help +this text$/m)
  })

  it.each([
    [[], 'servery: expected one of publish, results, dispatch, broadcast, kitchen'],
    [['pubish'], 'got "pubish"'],
    [['publish', '--foo'], "servery publish: unknown option '--foo'"],
    [['publish', 'tq'], "servery publish: unexpected argument 'tq'"],
    [['publish', '--queue'], "servery publish: option '--queue <value>' argument missing"],
    [['publish', '--queue', '{a}'], '--queue: expected a name without spaces and braces, got "{a}"'],
    [['dispatch', '--jobs', '1e3'], '--jobs: expected an integer from 1 to 10000000, got "1e3"'],
    [['dispatch', '--workers', '1,,2'], '--workers: of each name expected up to 100 letters'],
    [['dispatch', '--deadline', 'soon'], '--deadline: expected a duration such as 500ms'],
    [['dispatch', '--data', '1'], '--data: expected --task too'],
    [['broadcast'], '--task: expected the name of a handler'],
    [['broadcast', '--task', 'echo', '--data', '{'], '--data: expected JSON'],
    [['kitchen', '--cooks', '0'], '--cooks: expected an integer from 1 to 100'],
  ])('refuses %j with exit code 2 and says what was expected', async (args, message) => {
    const { code, out, error } = await run(args)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(error).toContain(message)
    expect(error).toMatch(/See servery.* --help/)
  })

  it('lists wrong settings and exits with 1', async () => {
    const { code, error } = await servery(['publish'], { env: { REDIS_URL: 'htp:x', LOG_LEVEL: 'loud' } })
    expect(code).toBe(1)
    expect(error).toContain('REDIS_URL: expected redis://')
    expect(error).toContain('LOG_LEVEL: expected')
  })

  it('says that no Redis answers, without its password, and exits with 1', async () => {
    const { code, error } = await servery(['publish'], { env: { REDIS_URL: 'redis://:secret@127.0.0.1:1' } })
    expect(code).toBe(1)
    expect(error).toContain('servery publish: no Redis answers at redis://')
    expect(error).not.toContain('secret')
  })

  it('runs by its bin file', async () => {
    const { code, out } = await servery(['--version'], { program: 'setup/servery.mjs' })
    expect({ code, out }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('servery without REDIS_URL', () => {
  it('finds the private Redis of the npm start that runs', async () => {
    const site = givenSite()
    const started = site.start(['web=0', 'prodcons=0', 'pubsub=0', 'tasks=0'])
    await started.line(/Ctrl-C stops/)
    const { code } = await servery(['publish', '--queue', 'tq'], {
      input: 'a\n',
      env: { DATA_DIR: site.dataDir },
    })
    expect(code).toBe(0)
    expect(await site.client().lrange('tq', 0, -1)).toEqual(['a'])
  })

  it('says so where none runs, and leaves a stranger on its port alone', async () => {
    const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'servery-cli-')))
    onTestFinished(() => rmSync(dataDir, { recursive: true }))
    const env = { DATA_DIR: dataDir }
    const nowhere = await servery(['publish'], { env })
    expect(nowhere).toMatchObject({ code: 1, error: expect.stringContaining(`its data in ${dataDir}/redis`) })

    const stranger = await givenStranger()
    mkdirSync(join(dataDir, 'redis'))
    writeFileSync(join(dataDir, 'redis/redis.port'), String(stranger.port))
    const { code, error } = await servery(['publish', '--queue', 'tq'], { env, input: 'a\n' })
    expect({ code, error }).toEqual({ code: 1, error: nowhere.error })
    expect(await stranger.client.exists('tq')).toBe(0)
  })
})

/** A Redis on a port that works in another folder than the one that is looked for. */
async function givenStranger() {
  const site = givenSite()
  await site.start(['web=0', 'prodcons=0', 'pubsub=0', 'tasks=0']).line(/Ctrl-C stops/)
  const client = new Redis(site.port)
  onTestFinished(() => client.disconnect())
  return { port: site.port, client }
}

it('ends with 0 when nobody reads its output any more', async () => {
  const results = givenProcess('src/cli/servery.js', { REDIS_URL: redis.url }, ['results'])
  await expect
    .poll(async () => (await redis.client.pubsub('NUMSUB', 'task:results'))[1], { timeout: 20_000 })
    .toBe(1)
  results.closeOutput()
  await redis.client.publish('task:results', '{}')
  expect(await results.exit()).toBe(0)
})
