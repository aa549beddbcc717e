import { describe, expect, it } from 'vitest'
import { messageOf } from '../support/answers.js'
import { queueKey } from '../support/app.js'
import { givenProdcons } from '../support/prodcons.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()
const values = () => redis.client.lrange(queueKey, 0, -1)

describe('POST /prodcons with JSON', () => {
  it('pushes a value and says so with the length', async () => {
    await redis.client.lpush(queueKey, 'older')
    const { post } = await givenProdcons(redis)
    await post().send({ value: 'x' }).expect(202, { queue: queueKey, pushed: 1, length: 2 })
    expect(await values()).toEqual(['x', 'older'])
  })

  it('pushes values in the order given', async () => {
    const { post } = await givenProdcons(redis)
    await post()
      .send({ values: ['a', 'b', 'c'] })
      .expect(202, { queue: queueKey, pushed: 3, length: 3 })
    expect(await values()).toEqual(['c', 'b', 'a'])
  })

  it.each([
    ['"text"', 'text'],
    ['""', ''],
    ['"7"', '7'],
    ['"ünïcode 💚 \\u0000\\n"', 'ünïcode 💚 \u0000\n'],
    ['7', '7'],
    ['-1.5', '-1.5'],
    ['9007199254740991', '9007199254740991'],
    ['true', 'true'],
    ['null', 'null'],
    ['[]', '[]'],
    ['{}', '{}'],
    ['{"a": [], "b": {"c": null}}', '{"a":[],"b":{"c":null}}'],
    ['["x", 1, []]', '["x",1,[]]'],
    ['{"__proto__": {"constructor": {"prototype": 1}}}', '{"__proto__":{"constructor":{"prototype":1}}}'],
  ])('stores %s as it is meant', async (json, stored) => {
    const { postJson } = await givenProdcons(redis)
    await postJson(`{"value": ${json}}`).expect(202)
    expect(await values()).toEqual([stored])
  })

  it.each([
    ['{"value": 9007199254740993}', 'body.value:'],
    ['{"value": -9007199254740993}', 'body.value:'],
    ['{"value": 1e400}', 'body.value:'],
    ['{"value": {"ids": [1, 12345678901234567890]}}', 'body.value.ids.1:'],
    ['{"value": {"a": -1e999}}', 'body.value.a:'],
    ['{"values": ["ok", 12345678901234567890]}', 'body.values.1:'],
  ])('refuses a number that JSON cannot carry, naming the field: %s', async (json, field) => {
    const { postJson } = await givenProdcons(redis)
    const answer = await postJson(json).expect(400)
    expect(answer.body).toMatchObject({ statusCode: 400, error: 'Bad Request', code: 'BAD_INPUT' })
    expect(messageOf(answer)).toContain(field)
    expect(await values()).toEqual([])
  })

  it.each([
    ['{"value": ', 'JSON'],
    ['not json', 'JSON'],
    ['{}', 'body: expected either "value" or "values"'],
    ['{"value": 1, "values": [2]}', 'body: expected either "value" or "values"'],
    ['{"vale": 1}', 'body.vale: there is no such field'],
    ['{"values": 7}', 'body.values: expected to be array'],
    ['{"values": []}', 'body.values: expected to NOT have fewer than 1 items'],
    ['[1]', 'body: expected to be object'],
    ['7', 'body: expected to be object'],
    ['null', 'body: expected to be object'],
    ['{"__proto__": {"value": 1}}', 'body.__proto__: there is no such field'],
  ])('refuses %s and says what was expected', async (text, message) => {
    const { postJson } = await givenProdcons(redis)
    const answer = await postJson(text).expect(400)
    expect(answer.body).toMatchObject({ statusCode: 400, error: 'Bad Request' })
    expect(messageOf(answer)).toContain(message)
    expect(await values()).toEqual([])
  })

  it('refuses JSON nested so deep that it could not be written again', async () => {
    const { postJson } = await givenProdcons(redis)
    const depth = 50_000
    const answer = await postJson(`{"value": ${'['.repeat(depth)}${']'.repeat(depth)}}`).expect(400)
    expect(messageOf(answer)).toContain('body.value')
    expect(await values()).toEqual([])
  })

  it('takes 10,000 values at once and not one more', async () => {
    const { post } = await givenProdcons(redis)
    const most = Array.from({ length: 10_000 }, (_, index) => index)
    const answer = await post()
      .send({ values: [...most, 'one more'] })
      .expect(400)
    expect(messageOf(answer)).toContain('body.values: expected to NOT have more than 10000')
    expect(await values()).toEqual([])

    await post().send({ values: most }).expect(202, { queue: queueKey, pushed: 10_000, length: 10_000 })
    expect(await values()).toEqual(most.map(String).reverse())
  })
})
