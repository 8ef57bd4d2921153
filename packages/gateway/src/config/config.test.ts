/**
 * Settings.
 * Proves: defaults and units; each kind's forms, and what is refused of it; that the nearest name is suggested; that everything that is
 * wrong is said at once; contradictions. The words are part of it: they are for people.
 */
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addressOf, databaseFile, loadConfig } from './config.ts'
import { ConfigError, namesInWrongCase } from './env.ts'
import { nearestName } from '@bluewire/platform/nearest-name'
import { durationText, sizeText } from './values.ts'

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

test('the defaults', () => {
  expect(loadConfig({ PATH: '/bin', HOME: '/root' })).toEqual({
    host: '127.0.0.1',
    port: 8080,
    dataDir: resolve('data'),
    publicUrl: 'http://127.0.0.1:8080',
    trustProxy: false,
    sendWaitMs: 4000,
    lineGapMs: 1000,
    lineBurst: 5,
    adText: 'Sent with Bluewire',
    tokenRatePerS: 100,
    tokenBurst: 200,
    expiresInMsDefault: 4 * 3600_000,
    nodeLostAfterMs: 300_000,
    failoverAfterMs: 300_000,
    offlineFallbackAfterMs: 60_000,
    stopReply: null,
    secretsKey: null,
    secretsKeyFile: resolve('data.key'),
    retainBodiesMs: 90 * 86_400_000,
    retainFactsMs: 400 * 86_400_000,
    diskAcceptFreeBytes: 256 * 2 ** 20,
    diskDispatchFreeBytes: 32 * 2 ** 20,
    nodeMinFreeBytes: 2 ** 30,
    logLevel: 'info',
  })
})

describe('what a setting may be', () => {
  test.for([
    ['BLUEWIRE_SEND_WAIT', '4s', 'sendWaitMs', 4000],
    ['BLUEWIRE_SEND_WAIT', '4000ms', 'sendWaitMs', 4000],
    ['BLUEWIRE_SEND_WAIT', '4', 'sendWaitMs', 4000],
    ['BLUEWIRE_SEND_WAIT', '0.5s', 'sendWaitMs', 500],
    ['BLUEWIRE_SEND_WAIT', '0', 'sendWaitMs', 0],
    ['BLUEWIRE_SEND_WAIT', '5m', 'sendWaitMs', 300_000],
    ['BLUEWIRE_SEND_WAIT', ' 4 S ', 'sendWaitMs', 4000],
    ['BLUEWIRE_EXPIRES_IN', '7d', 'expiresInMsDefault', 604_800_000],
    ['BLUEWIRE_LINE_RATE', '0.5', 'lineGapMs', 2000],
    ['BLUEWIRE_LINE_RATE', '3', 'lineGapMs', 334], // never faster than asked
    ['BLUEWIRE_LINE_RATE', '1000', 'lineGapMs', 1],
    ['BLUEWIRE_LINE_RATE', 'unlimited', 'lineGapMs', 0],
    ['BLUEWIRE_DISK_ACCEPT_FREE', '1GiB', 'diskAcceptFreeBytes', 2 ** 30],
    ['BLUEWIRE_DISK_ACCEPT_FREE', '100 MB', 'diskAcceptFreeBytes', 100_000_000],
    ['BLUEWIRE_DISK_DISPATCH_FREE', '0', 'diskDispatchFreeBytes', 0],
    ['BLUEWIRE_AD_TEXT', '', 'adText', null],
    ['BLUEWIRE_AD_TEXT', 'Sent by us', 'adText', 'Sent by us'],
    ['BLUEWIRE_PORT', '', 'port', 8080], // empty is not set
    ['BLUEWIRE_PORT', '0', 'port', 0],
    ['BLUEWIRE_PUBLIC_URL', 'https://b.example.com/', 'publicUrl', 'https://b.example.com'],
    ['BLUEWIRE_PUBLIC_URL', 'HTTPS://B.example.com/sms//', 'publicUrl', 'https://b.example.com/sms'],
    ['BLUEWIRE_TRUST_PROXY', 'none', 'trustProxy', false],
    ['BLUEWIRE_TRUST_PROXY', '10.0.0.0/8, ::1,loopback', 'trustProxy', ['10.0.0.0/8', '::1', 'loopback']],
    ['BLUEWIRE_LOG_LEVEL', 'silent', 'logLevel', 'silent'],
    ['BLUEWIRE_DATA_DIR', '/var/lib/bluewire', 'dataDir', '/var/lib/bluewire'],
  ] as const)('%s=%s', ([name, text, key, value]) => {
    expect(loadConfig({ [name]: text })[key]).toEqual(value)
  })

  test.for([
    [
      'BLUEWIRE_SEND_WAIT',
      '301',
      'a duration from 0s to 5m, written like 500ms, 4s, 5m, 4h or 90d (a bare number is seconds)',
    ],
    ['BLUEWIRE_SEND_WAIT', '-1', 'a duration'],
    ['BLUEWIRE_SEND_WAIT', '4 weeks', 'a duration'],
    ['BLUEWIRE_PORT', '65536', 'a whole number from 0 to 65535'],
    ['BLUEWIRE_PORT', '80.5', 'a whole number'],
    ['BLUEWIRE_PORT', '0x50', 'a whole number'],
    ['BLUEWIRE_LINE_RATE', '0', 'a number from 0.001 to 1000, or unlimited'],
    ['BLUEWIRE_LINE_RATE', '1/s', 'a number'],
    ['BLUEWIRE_LINE_RATE', 'constructor', 'a number'],
    ['BLUEWIRE_DISK_ACCEPT_FREE', '1 constructor', 'a size'],
    ['BLUEWIRE_DISK_ACCEPT_FREE', '2TiB', 'a size from 0 to 1TiB'],
    ['BLUEWIRE_AD_TEXT', 'two\nlines', 'one line of at most 200 characters'],
    ['BLUEWIRE_AD_TEXT', 'x'.repeat(201), 'one line'],
    ['BLUEWIRE_HOST', 'http://127.0.0.1', 'an IP address or host name'],
    ['BLUEWIRE_PUBLIC_URL', 'b.example.com', 'an address like https://bluewire.example.com'],
    ['BLUEWIRE_PUBLIC_URL', 'https://u:p@b.example.com', 'an address'],
    ['BLUEWIRE_PUBLIC_URL', 'https://b.example.com/?x', 'an address'],
    ['BLUEWIRE_PUBLIC_URL', 'https://b.example.com/$(id)', 'an address'],
    ['BLUEWIRE_PUBLIC_URL', 'https://$(id).example.com', 'an address'],
    ['BLUEWIRE_PUBLIC_URL', "https://b.example.com';id;'", 'an address'],
    ['BLUEWIRE_TRUST_PROXY', 'true', 'none, or a list of IP addresses'],
    ['BLUEWIRE_TRUST_PROXY', '10.0.0.0/33', 'none, or'],
    ['BLUEWIRE_LOG_LEVEL', 'verbose', 'one of trace, debug, info, warn, error, fatal, silent'],
  ] as const)('%s is not %s', ([name, text, allowed]) => {
    const [problem, ...others] = problemsOf({ [name]: text })
    expect(others).toEqual([])
    expect(problem?.startsWith(`${name} is "`)).toBe(true)
    expect(problem).toContain(`", but it must be ${allowed}`)
  })

  test('PORT is read where BLUEWIRE_PORT is not set, and named when it is wrong', () => {
    expect(loadConfig({ PORT: '3000' }).port).toBe(3000)
    expect(loadConfig({ PORT: '3000', BLUEWIRE_PORT: '4000' }).port).toBe(4000)
    expect(loadConfig({ PORT: 'x', BLUEWIRE_PORT: '4000' }).port).toBe(4000)
    expect(problemsOf({ PORT: 'x' })).toEqual(['PORT is "x", but it must be a whole number from 0 to 65535.'])
  })
})

describe('names', () => {
  test.for([
    ['BLUEWIRE_PROT', 'BLUEWIRE_PORT'],
    ['BLUEWIRE_DATADIR', 'BLUEWIRE_DATA_DIR'],
    ['BLUEWIRE_RETAIN_BODY', 'BLUEWIRE_RETAIN_BODIES'],
    ['BLUEWIRE_LINERATE', 'BLUEWIRE_LINE_RATE'],
    ['BLUEWIRE_port', 'BLUEWIRE_PORT'],
  ] as const)('%s: did you mean %s?', ([wrong, right]) => {
    expect(problemsOf({ [wrong]: '1' })).toEqual([`${wrong} is not a setting. Did you mean ${right}?`])
  })

  test('nothing near: where all of them are', () => {
    expect(problemsOf({ BLUEWIRE_KUBERNETES_CLUSTER: '1' })).toEqual([
      'BLUEWIRE_KUBERNETES_CLUSTER is not a setting. All settings are in docs/configuration.md.',
    ])
  })

  test('a setting in small letters is no setting, which is said', () => {
    expect(
      namesInWrongCase({ bluewire_port: '1', Bluewire_Host: '1', bluewire_other: '1', BLUEWIRE_HOST: '1' }),
    ).toEqual([
      'bluewire_port is not read: names of settings are in capitals. Did you mean BLUEWIRE_PORT?',
      'Bluewire_Host is not read: names of settings are in capitals. Did you mean BLUEWIRE_HOST?',
    ])
  })

  test('other programs may have names of their own', () => {
    expect(problemsOf({ BLUEWIREX: '1', MY_BLUEWIRE_PORT: '1', bluewire_port: 'x' })).toEqual([])
  })

  test('a swap of neighbours is one slip, and a long name costs no time', () => {
    expect(nearestName('lien', ['line', 'lien_rate'])).toBe('line')
    expect(nearestName('x'.repeat(1_000_000), ['line'])).toBeNull()
  })
})

test('everything that is wrong is said at once, also what contradicts itself', () => {
  expect(
    problemsOf({
      BLUEWIRE_PROT: '1',
      BLUEWIRE_LINE_BURST: '0',
      BLUEWIRE_DISK_DISPATCH_FREE: '1GiB',
      BLUEWIRE_RETAIN_BODIES: '500d',
    }),
  ).toEqual([
    expect.stringContaining('BLUEWIRE_PROT is not a setting.'),
    expect.stringContaining('BLUEWIRE_LINE_BURST is "0"'),
    expect.stringContaining('BLUEWIRE_DISK_DISPATCH_FREE is more than BLUEWIRE_DISK_ACCEPT_FREE'),
    expect.stringContaining('BLUEWIRE_RETAIN_BODIES is longer than BLUEWIRE_RETAIN_FACTS'),
  ])
})

test('addresses, files and amounts as they are shown', () => {
  expect(addressOf('0.0.0.0', 1)).toBe('http://127.0.0.1:1')
  expect(addressOf('::', 1)).toBe('http://[::1]:1')
  expect(addressOf('fd00::1', 1)).toBe('http://[fd00::1]:1')
  expect(addressOf('bluewire.lan', 1)).toBe('http://bluewire.lan:1')
  expect(databaseFile('/d')).toBe(join('/d', 'bluewire.sqlite'))
  expect([0, 500, 4000, 90_000, 86_400_000].map(durationText)).toEqual(['0s', '500ms', '4s', '90s', '1d'])
  expect([0, 1000, 1536, 2 ** 40].map(sizeText)).toEqual(['0', '1000', '1.5KiB', '1TiB'])
})
