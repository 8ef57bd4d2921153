/** Proves: the word `ok` alone stands only for a node that is connected, heard within minutes and proven within a day. */
import { expect, test } from 'vitest'
import { healthText, holdText } from './node-health-text.ts'
import type { HealthSeen } from './node-health-text.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 0)
const MINUTE = 60_000
const CLICK = { why: 'broken', check: 'automation', detail: 'Click.' } as const
const ADDRESS = { why: 'sending_address', check: 'sending_address', detail: 'It is bob.' } as const
const TWO = { why: 'two_machines', check: null, detail: 'Stop one.' } as const
const WELL: HealthSeen = { online: true, health: 'ok', healthAtMs: NOW, provenAtMs: NOW, hold: null }

test.each<[string, Partial<HealthSeen>]>([
  ['ok', {}],
  ['ok (as of 2026-11-22 12:00 UTC)', { provenAtMs: NOW - 48 * 60 * MINUTE }],
  ['ok (not proven yet)', { provenAtMs: null }],
  ['stale: ok (as of 2026-11-24 11:56 UTC)', { healthAtMs: NOW - 4 * MINUTE }],
  ['ok (as of 2026-11-24 11:00 UTC)', { online: false, healthAtMs: NOW - 60 * MINUTE }],
  ['stale: broken (as of 2026-11-24 11:00 UTC)', { health: 'broken', healthAtMs: NOW - 60 * MINUTE, hold: CLICK }],
  ['broken (automation)', { health: 'broken', hold: CLICK }],
  ['broken', { health: 'broken', hold: { ...CLICK, check: null } }],
  ['degraded', { health: 'degraded' }],
  ['degraded, but would send from another address', { health: 'degraded', hold: ADDRESS }],
  ['ok, but would send from another address', { hold: ADDRESS }],
  ['ok, but is paused (two machines use its credential)', { hold: TWO }],
  ['broken, but is paused (two machines use its credential)', { health: 'broken', hold: TWO }],
  [
    'ok (as of 2026-11-24 11:00 UTC), but is paused (two machines use its credential)',
    { online: false, healthAtMs: NOW - 60 * MINUTE, hold: TWO },
  ],
  ['unknown', { health: 'unknown', healthAtMs: null }],
])('%s', (text, change) => {
  expect(healthText({ ...WELL, ...change }, NOW)).toBe(text)
})

test('why it gets nothing', () => {
  expect(holdText(CLICK)).toBe('cannot send (automation)')
  expect(holdText(ADDRESS)).toBe('would send from another address')
})
