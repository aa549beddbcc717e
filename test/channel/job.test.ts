import { describe, expect, it } from 'vitest'
import { encodeResult, jsonValue, parseJob, parseResult } from '../../src/channel/job.js'

describe('a message to pubsub workers', () => {
  it.each<[string, object]>([
    ['17', { job: 17, data: 17 }],
    ['hello', { job: 'hello', data: 'hello' }],
    ['{"a":[]}', { job: { a: [] }, data: { a: [] } }],
    ['12345678901234567890', { job: '12345678901234567890', data: '12345678901234567890' }],
    ['{"task":7}', { job: { task: 7 }, data: { task: 7 } }],
    ['{"task":"echo","data":1,"job":5}', { job: 5, task: 'echo', data: 1 }],
    ['{"task":"echo","data":1}', { job: { task: 'echo', data: 1 }, task: 'echo', data: 1 }],
    ['{"task":"echo","run":"r","broadcast":"b"}', { job: 'b', task: 'echo', run: 'r', broadcast: 'b' }],
    ['{"task":"echo","job":1,"broadcast":"../x","run":{}}', { job: 1, task: 'echo' }],
  ])('%s is read as a job', (message, expected) => {
    expect(parseJob(message)).toEqual(expected)
  })

  it('that names a handler and cannot be read exactly says so, and still by what it is to be told', () => {
    const message = '{"task":"echo","data":{"message":12345678901234567890},"broadcast":"b"}'
    expect(parseJob(message)).toMatchObject({
      job: message,
      task: 'echo',
      broadcast: 'b',
      mistake: 'message.data.message: expected integers below 2^53, larger ones as strings',
    })
  })

  it('nested as deep as you like harms nobody', () => {
    const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`
    expect(parseJob(deep).data).toBe(deep)
    expect(parseJob(`{"task":"echo","data":${deep}}`).mistake).toContain('nested more than')
    expect(jsonValue(deep)).toBeUndefined()
    expect(parseResult(`{"worker":"1","job":1,"result":${deep}}`)).toBeUndefined()
  })

  it('is not repeated whole in its result where it is long', () => {
    const { job, data } = parseJob('x'.repeat(2000))
    expect(job).toBe(`${'x'.repeat(1024)}…`)
    expect(data).toBe('x'.repeat(2000))
  })
})

describe('a result', () => {
  it('says worker, job, result, and the run that was asked with', () => {
    const outcome = { state: 'done', json: '{"a":[]}' } as const
    expect(encodeResult('2', { job: 5, data: 5 }, outcome)).toBe('{"worker":"2","job":5,"result":{"a":[]}}')
    expect(parseResult(encodeResult('2', { job: 5, data: 5, run: 'r' }, outcome))).toEqual({
      worker: '2',
      job: 5,
      result: { a: [] },
      run: 'r',
    })
  })

  it('says why it failed', () => {
    const outcome = { state: 'failed', json: '{"name":"Error","message":"no"}' } as const
    expect(parseResult(encodeResult('2', { job: 5, data: 5 }, outcome))).toEqual({
      worker: '2',
      job: 5,
      error: { name: 'Error', message: 'no' },
    })
  })

  it.each([
    '',
    'null',
    '[]',
    '{"job":1,"result":1}',
    '{"worker":1,"job":1,"result":1}',
    '{"worker":"1","job":1}',
  ])('is not what %j is', (message) => {
    expect(parseResult(message)).toBeUndefined()
  })
})
