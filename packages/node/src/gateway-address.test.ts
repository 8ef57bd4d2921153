/**
 * Where the gateway is and how it may be reached.
 * Proves: plain text never goes to a public address unless asked for, also when a name leads there; proxies are taken from
 * the environment, but never for this machine itself.
 */
import type { LookupAddress } from 'node:dns'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { AddressError, connectingTo, gatewayAddress, isPrivateAddress, privateLookup } from './gateway-address.ts'

afterEach(() => vi.unstubAllEnvs())

function environment(set: Record<string, string>): void {
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY', 'ALL_PROXY']) {
    vi.stubEnv(name, set[name] ?? '')
    vi.stubEnv(name.toLowerCase(), '')
  }
}

const SAFE = { insecure: false }

describe('addresses', () => {
  it.each([
    ['https://gw.example.com', 'https://gw.example.com', 'wss://gw.example.com/node'],
    ['https://gw.example.com/', 'https://gw.example.com', 'wss://gw.example.com/node'],
    ['wss://gw.example.com:8443/blue/', 'https://gw.example.com:8443/blue', 'wss://gw.example.com:8443/blue/node'],
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', 'ws://127.0.0.1:8080/node'],
    ['http://[::1]:8080', 'http://[::1]:8080', 'ws://[::1]:8080/node'],
  ])('%s', (text, base, socket) => {
    const address = gatewayAddress(text)
    expect([address.base, address.socket.href, address.join.href]).toEqual([base, socket, `${base}/node/join`])
  })

  it.each(['gw.example.com', 'ftp://gw.example.com', 'https://user@gw.example.com', 'https://gw.example.com?x=1', ''])(
    '%s is none',
    (text) => {
      expect(() => gatewayAddress(text)).toThrow(AddressError)
    },
  )
})

describe('private addresses', () => {
  it.each([
    '127.0.0.1',
    '127.9.9.9',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.1.1',
    '100.64.0.1',
    '::1',
    'fd00::1',
    'fe80::1%eth0',
    '::ffff:10.0.0.1',
  ])('%s is', (ip) => expect(isPrivateAddress(ip)).toBe(true))
  it.each([
    '8.8.8.8',
    '172.32.0.1',
    '192.169.0.1',
    '100.128.0.1',
    '2001:db8::1',
    '::ffff:8.8.8.8',
    '0.0.0.0',
    'localhost',
    '',
  ])('%s is not', (ip) => expect(isPrivateAddress(ip)).toBe(false))
})

describe('plain text', () => {
  it.each(['ws://8.8.8.8/node', 'http://8.8.8.8/node/join', 'ws://[2606:4700::1111]/node'])(
    '%s is refused unless --insecure',
    (url) => {
      environment({})
      expect(() => connectingTo(new URL(url), SAFE)).toThrow(/--insecure/)
      expect(connectingTo(new URL(url), { insecure: true })).toEqual({})
    },
  )

  it.each([
    'ws://127.0.0.1/node',
    'ws://192.168.1.5/node',
    'ws://[fd00::5]/node',
    'wss://8.8.8.8/node',
    'https://gw.example.com/node/join',
  ])('%s is fine', (url) => {
    environment({})
    expect(() => connectingTo(new URL(url), SAFE)).not.toThrow()
  })

  it('a name is resolved, and refused when any of its addresses is public', async () => {
    const resolve = (addresses: LookupAddress[], all: boolean) =>
      new Promise((done) => {
        privateLookup((_, __, found) => found(null, addresses))('gw.example', { all }, (error, address) =>
          done(error ?? address),
        )
      })
    const here = { address: '192.168.1.5', family: 4 }
    const there = { address: '93.184.216.34', family: 4 }
    expect(await resolve([here], true)).toEqual([here])
    expect(await resolve([here], false)).toBe('192.168.1.5')
    expect(await resolve([here, there], true)).toBeInstanceOf(AddressError)
    expect(await resolve([there], false)).toBeInstanceOf(AddressError)
    environment({})
    expect(connectingTo(new URL('ws://gw.example/node'), SAFE).lookup).toBeDefined()
    expect(connectingTo(new URL('wss://gw.example/node'), SAFE)).toEqual({})
  })
})

describe('proxies', () => {
  it('by scheme, also for sockets', () => {
    environment({ HTTPS_PROXY: 'http://proxy:3128' })
    expect(connectingTo(new URL('wss://gw.example/node'), SAFE).agent).toBeDefined()
    expect(connectingTo(new URL('https://gw.example/node/join'), SAFE).agent).toBeDefined()
    expect(connectingTo(new URL('ws://192.168.1.5/node'), SAFE).agent).toBeUndefined()
  })

  it('not where NO_PROXY says so, and never for this machine', () => {
    environment({ HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://proxy:3128', NO_PROXY: '.example' })
    for (const url of [
      'wss://gw.example/node',
      'ws://127.0.0.1:8080/node',
      'ws://localhost:8080/node',
      'ws://[::1]/node',
      'wss://127.0.0.1/node',
    ]) {
      expect([url, connectingTo(new URL(url), SAFE).agent]).toEqual([url, undefined])
    }
    expect(connectingTo(new URL('wss://gw.test/node'), SAFE).agent).toBeDefined()
  })

  it('a plain connection by name through a proxy is refused: nobody here can see where it leads', () => {
    environment({ HTTP_PROXY: 'http://proxy:3128' })
    expect(() => connectingTo(new URL('ws://gw.example/node'), SAFE)).toThrow(AddressError)
    expect(connectingTo(new URL('ws://gw.example/node'), { insecure: true }).agent).toBeDefined()
    expect(connectingTo(new URL('ws://10.0.0.5/node'), SAFE).agent).toBeDefined()
  })
})
