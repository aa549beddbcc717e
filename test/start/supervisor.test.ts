import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type ProcessSpec, Supervisor } from '../../src/start/supervisor.js'

/** Runs commands, and keeps what they print from the test's own output. */
function givenSupervisor(...commands: string[]) {
  let output = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    output += String(chunk)
    return true
  })
  const specs = commands.map((command, index): ProcessSpec => ({
    name: `p.${index + 1}`,
    command,
    env: {},
    cwd: '/',
  }))
  const supervisor = new Supervisor(specs)
  onTestFinished(() => supervisor.stop(1000))
  const printed = (text: string) => expect.poll(() => output, { timeout: 20_000 }).toContain(text)
  return { supervisor, printed, output: () => output }
}

describe('Supervisor', () => {
  it('passes on very long lines and bytes that are no text, whole', async () => {
    const { printed, output } = givenSupervisor(
      `node -e "process.stdout.write('x'.repeat(3e6) + '\\n'); console.log('long done'); setInterval(() => {}, 1e6)"`,
      'head -c 300000 /dev/urandom; echo; echo bytes done; exec sleep 1000',
    )
    await printed('long done')
    await printed('bytes done')
    expect(output().match(/x{1000}/g)?.length).toBeGreaterThan(2900)
  })

  it('starts again what ends, and says with what it ended and when that will be', async () => {
    const { supervisor, printed } = givenSupervisor('exit 3')
    expect(await supervisor.firstEnd).toBe('3')
    await printed('[p.1       ] ended with 3, starting it again in 0.')
  })

  it('waits longer each time', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const { printed, output } = givenSupervisor('kill -9 $$')
    await printed('again in 1.0 s')
    expect(output().match(/again in .*/g)).toEqual(['again in 0.3 s', 'again in 0.5 s', 'again in 1.0 s'])
  })

  it('kills what does not stop, and what that has started', async () => {
    const { supervisor, printed, output } = givenSupervisor(
      'trap "" TERM; sh -c "trap \'\' TERM; echo up; while :; do sleep 1000; done"',
    )
    await printed('up')
    await supervisor.stop(100)
    expect(output()).toContain('does not stop, killing it')
  })

  it('starts nothing again once it was told to stop, and can be told twice', async () => {
    const { supervisor, printed, output } = givenSupervisor('echo up; exec sleep 1000', 'exit 1')
    await printed('up')
    await supervisor.firstEnd
    await Promise.all([supervisor.stop(1000), supervisor.stop(1000)])
    await supervisor.stop(1000)
    expect(output().match(/up/g)).toHaveLength(1)
  })

  it('has nothing to do without commands', async () => {
    const { supervisor } = givenSupervisor()
    await expect(supervisor.stop(1000)).resolves.toBeUndefined()
  })
})
