import { parse } from 'node-html-parser'
import request from 'supertest'
import { describe, expect, it, vi } from 'vitest'
import { channelName, givenApp, type GivenApp, queueKey } from '../support/app.js'
import { givenListener } from '../support/listener.js'
import { useRedis } from '../support/redis.js'

const redis = useRedis()

async function givenPage(overrides: Partial<GivenApp> = {}) {
  const app = await givenApp({ redisUrl: redis.url, ...overrides })
  await vi.waitFor(async () => expect(await redis.client.pubsub('NUMPAT')).toBe(2))
  const served = async () => {
    const { text, headers } = await request(app.server).get('/').expect(200)
    return { text, headers, html: parse(text), words: parse(text).textContent.replace(/\s+/g, ' ') }
  }
  return { app, served }
}

describe('the page as served', () => {
  it('shows the length of the queue and the number of subscribers', async () => {
    await redis.client.lpush(queueKey, 'a', 'b', 'c')
    const { served } = await givenPage()
    await givenListener(redis, channelName)
    const { html, headers } = await served()
    expect(html.querySelector('#length')?.text).toBe('3')
    expect(html.querySelector('#subscribers')?.text).toBe('1')
    expect(html.querySelector('#state')?.getAttribute('data-state')).toBe('served')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['content-type']).toMatch(/^text\/html; charset=utf-8/i)
  })

  it('shows a new length with each request', async () => {
    const { served } = await givenPage()
    for (const length of [1, 2, 3]) {
      await redis.client.lpush(queueKey, 'x')
      expect((await served()).html.querySelector('#length')?.text).toBe(String(length))
    }
  })

  it('has plain forms for both lanes', async () => {
    const { served } = await givenPage()
    const forms = (await served()).html.querySelectorAll('form.lane')
    expect(forms.map((form) => [form.getAttribute('method'), form.getAttribute('action')])).toEqual([
      ['post', '/prodcons'],
      ['post', '/pubsub'],
    ])
    expect(forms.map((form) => form.querySelector('button')?.text)).toEqual(['Produce', 'Publish'])
  })

  it.each([
    ['lifo', 'the newest first (LPUSH, BLPOP)'],
    ['fifo', 'the oldest first (LPUSH, BRPOP)'],
  ] as const)('says in a sentence each what the lanes guarantee, with ORDER=%s', async (order, sentence) => {
    const { served } = await givenPage({ order })
    const { words } = await served()
    expect(words).toContain(`At most once: one consumer gets each value, ${sentence}`)
    expect(words).toContain('the value is gone.')
    expect(words).toContain(
      'every subscriber that is listening at this moment gets the message; nobody gets it later.',
    )
  })

  it('shows what happened in both lanes', async () => {
    const { app, served } = await givenPage()
    await request(app.server)
      .post('/prodcons')
      .send({ values: ['one', 'two'] })
    await request(app.server).post('/pubsub').send({ message: 'hello' })
    await vi.waitFor(async () => {
      const lines = (await served()).html.querySelectorAll('#feed li')
      expect(lines.map((line) => line.textContent.replace(/\s+/g, ' ').trim())).toEqual([
        expect.stringMatching(/^\d\d:\d\d:\d\d UTC published hello task:pubsub:channel$/),
        expect.stringMatching(/^\d\d:\d\d:\d\d UTC pushed two and 1 more by web$/),
      ])
    })
  })

  it('shows what users sent as text, never as markup', async () => {
    const { app, served } = await givenPage()
    const evil = `<script>alert("1")</script><img src=x onerror='alert(2)'>&amp;`
    await request(app.server).post('/prodcons').send({ value: evil })
    await redis.client.publish(channelName, evil)
    await vi.waitFor(async () => {
      const { text, html } = await served()
      const shown = html.querySelectorAll('#feed code')
      expect(shown.map((code) => code.textContent)).toEqual([evil, evil])
      expect(shown.flatMap((code) => code.children)).toEqual([])
      expect(text).not.toMatch(/<script>|<img src=x/)
    })
  })

  it('writes out characters that would turn the text around', async () => {
    const { app, served } = await givenPage()
    await request(app.server).post('/prodcons').send({ value: 'a\u202Eb\n' })
    await redis.client.publish(channelName, '\u202Ec')
    await vi.waitFor(async () => {
      const shown = (await served()).html.querySelectorAll('#feed code')
      expect(shown.map((code) => code.textContent)).toEqual(['\\u{202e}c', 'a\\u{202e}b\\u{a}'])
    })
  })

  it('is not brought down by a report that no worker would send', async () => {
    const { served } = await givenPage()
    const report = { action: 'taken', queue: queueKey, by: 'w1', count: 1, value: 'odd', at: 1 }
    for (const odd of [{ at: 1e300 }, { kind: 'message' }, { at: -1e15 }, { by: 'last' }]) {
      await redis.client.publish(`{${queueKey}}:activity`, JSON.stringify({ ...report, ...odd }))
    }
    await vi.waitFor(async () => expect((await served()).words).toContain('by last'))
    expect((await served()).html.querySelectorAll('#feed li')).toHaveLength(3)
  })

  it('says so where the key holds something that is not a list', async () => {
    await redis.client.set(queueKey, 'a string')
    const { html } = await (await givenPage()).served()
    expect(html.querySelector('#length')?.text).toBe('–')
    expect(html.querySelector('#state')?.text).toContain('holds something that is not a list')
  })
})

describe('a browser that shows the page', () => {
  it('may run and style nothing inline, and load nothing from another host', async () => {
    const { served } = await givenPage()
    const { headers, html, text } = await served()
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/unsafe|https?:|\*|upgrade-insecure-requests/)
    expect(html.querySelectorAll('script:not([src]), style, [style]')).toEqual([])
    expect(text).not.toMatch(/\son\w+=/)
  })

  it('is led to no other host', async () => {
    const { app, served } = await givenPage()
    const { html } = await served()
    const links = html
      .querySelectorAll('[src], link[href]')
      .map((element) => element.getAttribute('src') ?? element.getAttribute('href') ?? '')
    expect(links.length).toBeGreaterThan(3)
    for (const link of links) {
      expect(link).toMatch(/^\/assets\//)
      const { text, headers } = await request(app.server).get(link).expect(200)
      expect(headers['content-type']).toMatch(/css|javascript|svg/)
      expect(text ?? '').not.toMatch(/(import|url\()\s*['"(]?https?:/)
    }
  })

  it.each([
    '/assets/home.eta',
    '/assets/tsconfig.json',
    '/assets/../package.json',
    '/assets/%2e%2e/package.json',
  ])('gets no other files: %s', async (path) => {
    const { app } = await givenPage()
    const { status } = await request(app.server).get(path)
    expect([400, 403, 404]).toContain(status)
  })

  it('gets a page where nothing is', async () => {
    const { app } = await givenPage()
    const { text } = await request(app.server).get('/no<where>').set('accept', 'text/html').expect(404)
    expect(text).toContain('there is no GET /no')
    expect(text).not.toContain('<where>')
  })
})
