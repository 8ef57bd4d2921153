/** Proves: a node is green only while its word is fresh and its proof young (R8); what is broken, or would send from another address, gets no work. */
import { describe, expect, test } from 'vitest'
import { HEALTH_FRESH_MS, holdOf, PROOF_GOOD_MS, standingOf } from './node-health.ts'
import type { Check, HealthWord, LastHeard } from './node-health.ts'

const NOW = 1_800_000_000_000
const WELL: LastHeard = { online: true, health: 'ok', healthAtMs: NOW, provenAtMs: NOW }

describe('standing', () => {
  test.each<[string, Partial<LastHeard>, string]>([
    ['well, heard and proven now', {}, 'good'],
    ['heard three minutes ago', { healthAtMs: NOW - HEALTH_FRESH_MS }, 'good'],
    ['heard longer ago', { healthAtMs: NOW - HEALTH_FRESH_MS - 1 }, 'stale'],
    ['heard in a time that is still to come: the clock was set back', { healthAtMs: NOW + 3600_000 }, 'good'],
    ['away', { online: false }, 'stale'],
    ['proven a day ago', { provenAtMs: NOW - PROOF_GOOD_MS }, 'good'],
    ['proven longer ago', { provenAtMs: NOW - PROOF_GOOD_MS - 1 }, 'unproven'],
    ['proven by a clock that runs ahead by more than a day', { provenAtMs: NOW + PROOF_GOOD_MS + 1 }, 'unproven'],
    ['never proven', { provenAtMs: null }, 'unproven'],
    ['never heard', { health: 'unknown', healthAtMs: null }, 'unknown'],
    ['degraded', { health: 'degraded' }, 'degraded'],
    ['broken, whatever was proven', { health: 'broken' }, 'broken'],
    ['broken, a while ago', { health: 'broken', healthAtMs: NOW - HEALTH_FRESH_MS - 1 }, 'stale'],
  ])('%s', (_, change, standing) => {
    expect(standingOf({ ...WELL, ...change }, NOW)).toBe(standing)
  })
})

describe('no work', () => {
  const click: Check = { name: 'automation', state: 'problem', detail: 'Somebody has to click.' }
  const address: Check = { name: 'sending_address', state: 'problem', detail: 'It is signed in as bob@example.com.' }
  const wrongAddress = { why: 'sending_address', check: address.name, detail: address.detail }
  const well: Check = { name: 'db_readable', state: 'ok' }

  test.each<Partial<HealthWord> & { name: string; hold: unknown }>([
    { name: 'well', checks: [well], hold: null },
    { name: 'degraded', state: 'degraded', checks: [well, click], hold: null },
    { name: 'broken, and nobody says why', state: 'broken', hold: { why: 'broken', check: null, detail: 'In words.' } },
    {
      name: 'broken, by a check',
      state: 'broken',
      checks: [well, click],
      hold: { why: 'broken', check: 'automation', detail: click.detail },
    },
    {
      name: 'broken, by a check without words',
      state: 'broken',
      checks: [{ name: 'x', state: 'problem' }],
      hold: { why: 'broken', check: 'x', detail: 'In words.' },
    },
    { name: 'another address', checks: [well, address], hold: wrongAddress },
    { name: 'both', state: 'broken', checks: [click, address], hold: wrongAddress },
    { name: 'an address that could not be told', checks: [{ ...address, state: 'unknown' }], hold: null },
    { name: 'an address that is right', checks: [{ ...address, state: 'ok' }], hold: null },
  ])('$name', ({ state = 'ok', checks = [], hold }) => {
    expect(holdOf({ state, detail: 'In words.', checks })).toEqual(hold)
  })
})
