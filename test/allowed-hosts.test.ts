import { describe, expect, it } from 'vitest'
import { parseAllowedHosts } from '../src/allowed-hosts.js'

describe('a list of allowed hosts', () => {
  it.each([
    ['localhost', { host: 'localhost' }],
    ['Intranet.Example.', { host: 'intranet.example' }],
    ['intranet:8080', { host: 'intranet', port: 8080 }],
    ['bücher.example', { host: 'xn--bcher-kva.example' }],
    ['127.0.0.1', { host: '127.0.0.1' }],
    ['127.0.0.1:80', { host: '127.0.0.1', port: 80 }],
    ['127.1', { host: '127.0.0.1' }],
    ['10.0.0.0/8', { host: '10.0.0.0', prefix: 8 }],
    ['0.0.0.0/0:443', { host: '0.0.0.0', prefix: 0, port: 443 }],
    ['::1', { host: '::1' }],
    ['fd00::/8', { host: 'fd00::', prefix: 8 }],
    ['[::1]', { host: '::1' }],
    ['[::1]:3000', { host: '::1', port: 3000 }],
    ['[fd00::/8]:443', { host: 'fd00::', prefix: 8, port: 443 }],
  ])('takes %s', (text, host) => {
    expect(parseAllowedHosts(text)).toEqual([host])
  })

  it('takes several, with spaces around them', () => {
    expect(parseAllowedHosts('a, b:1 ,10.0.0.0/8')).toEqual([
      { host: 'a' },
      { host: 'b', port: 1 },
      { host: '10.0.0.0', prefix: 8 },
    ])
  })

  it.each([
    ['a name with spaces', 'a b'],
    ['a gap', 'a,,b'],
    ['a URL', 'http://localhost'],
    ['a range that is too narrow', '10.0.0.0/33'],
    ['a range without a length', '10.0.0.0/'],
    ['a range of names', 'intranet/8'],
    ['a port beyond all', 'intranet:65536'],
    ['a port that is none', 'intranet:http'],
    ['a missing port', 'intranet:'],
    ['an open bracket', '[::1'],
    ['something after the bracket', '[::1]3000'],
    ['a wildcard', '*.example'],
  ])('refuses %s', (_, text) => {
    expect(parseAllowedHosts(text)).toBeUndefined()
  })
})
