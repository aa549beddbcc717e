import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LineTooLongError, readLines } from '../../src/cli/lines.js'

async function linesIn(chunks: Buffer[], maxBytes = 1000): Promise<Buffer[]> {
  const lines: Buffer[] = []
  for await (const some of readLines(asInput(chunks), maxBytes)) lines.push(...some)
  return lines
}

async function* asInput(chunks: Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks
}

it('gives each line with its bytes, wherever the chunks begin and end', async () => {
  const line = fc
    .uint8Array({ maxLength: 6 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 10 && byte !== 13)))
  const cuts = fc.array(fc.nat(60))
  await fc.assert(
    fc.asyncProperty(fc.array(line), fc.constantFrom('\n', '\r\n'), cuts, async (lines, ending, at) => {
      const bytes = Buffer.concat(lines.flatMap((each) => [each, Buffer.from(ending)]))
      const places = [0, ...at.sort((one, other) => one - other), bytes.length]
      const chunks = places.slice(1).map((place, index) => bytes.subarray(places[index], place))
      expect(await linesIn(chunks)).toEqual(lines)
    }),
  )
})

it('gives a last line without an ending, and no empty one after the last ending', async () => {
  expect((await linesIn([Buffer.from('a\nb')])).map(String)).toEqual(['a', 'b'])
  expect((await linesIn([Buffer.from('a\n')])).map(String)).toEqual(['a'])
  expect(await linesIn([])).toEqual([])
})

it('names a line that is too long', async () => {
  const chunks = [Buffer.from('a\n'), Buffer.alloc(6, 'x'), Buffer.alloc(6, 'x')]
  await expect(linesIn(chunks, 10)).rejects.toThrow(new LineTooLongError('line 2 is longer than 10 bytes'))
})
