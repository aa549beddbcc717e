import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { prompt } from '../../src/cli/prompt.js'

/** A prompt at which this is typed; what it took, and what it showed. */
async function typed(keys: string, onLine?: (line: string) => Promise<string | undefined>) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const taken: string[] = []
  const asking = prompt({ input, output, signal: new AbortController().signal, end: 'over' }, (line) => {
    taken.push(line)
    return onLine?.(line) ?? Promise.resolve(undefined)
  })
  input.write(keys)
  await asking
  output.end()
  return { taken, shown: await text(output) }
}

it('asks for one line after the other until "over"', async () => {
  const { taken, shown } = await typed('a\rb\rover\rc\r')
  expect(taken).toEqual(['a', 'b'])
  expect(shown.match(/publish: /g)).not.toHaveLength(0)
})

it.each([
  ['Ctrl-D', '\u0004'],
  ['Ctrl-C', '\u0003'],
])('ends with %s', async (_key, code) => {
  expect((await typed(`a\r${code}`)).taken).toEqual(['a'])
})

it('says what there is to say of a line, or why it failed, and goes on', async () => {
  const { taken, shown } = await typed('a\rb\rc\rover\r', (line) =>
    line === 'b' ? Promise.reject(new Error('no luck')) : Promise.resolve(`took ${line}`),
  )
  expect(taken).toEqual(['a', 'b', 'c'])
  expect(shown).toMatch(/took a[^]*no luck[^]*took c/)
})
