import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { HandlerError, loadHandlers } from '../../src/handlers/registry.js'

function givenFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'servery-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

describe('a folder of handlers', () => {
  it.each(['Echo.js', 'send_mail.js', 'send.mail.ts', '1st.js', 'mail.mjs'])(
    'is refused with a handler named %s',
    async (file) => {
      const loading = loadHandlers(givenFolder({ [file]: '' }))
      await expect(loading).rejects.toThrow(HandlerError)
      await expect(loading).rejects.toThrow(
        `${file}: expected a name of lower-case letters, digits and dashes`,
      )
    },
  )

  it('may hold what is no handler', async () => {
    const folder = givenFolder({ 'mail.d.ts': '', 'Mail.js.map': '', 'README.md': '', '.hidden': '' })
    mkdirSync(join(folder, 'Parts.js'))
    expect((await loadHandlers(folder)).size).toBe(0)
  })

  it.each([
    ['null', 'null'],
    ['an object without a prototype', 'Object.create(null)'],
    ['a text', '"broken"'],
    ['an error', 'new Error("broken")'],
  ])('is refused, naming the file, when one throws %s', async (_what, thrown) => {
    const loading = loadHandlers(givenFolder({ 'mail.js': `throw ${thrown}` }))
    await expect(loading).rejects.toThrow(HandlerError)
    await expect(loading).rejects.toThrow(/handler mail \(.*mail\.js\): ./)
  })
})
