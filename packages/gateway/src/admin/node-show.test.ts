/** Proves: `node show` prints each check with its state and what to do, those that want somebody first, and whether the node gets work; JSON has the same. */
import { expect, test } from 'vitest'
import type { NodeDetail } from '../store/accounts-store.ts'
import type { LineView } from '../store/store.ts'
import { showNode } from './node-show.ts'
import { PROGRAM } from './program.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 0)

const NODE: NodeDetail = {
  id: 'node_1',
  account: 'acct_1',
  name: 'mac-1',
  online: true,
  simulated: false,
  driver: 'messages-app',
  agent: 'bluewire-node/0.1.0',
  os: 'darwin 26.1.0',
  atMostOnce: true,
  capabilities: ['imessage', 'receipts'],
  health: 'broken',
  healthDetail: 'It waits for a click.',
  healthAtMs: NOW,
  provenAtMs: NOW - 3600_000,
  sentAtMs: NOW - 7200_000,
  hold: { why: 'broken', check: 'automation', detail: 'Click OK.' },
  checks: [
    { name: 'db_readable', state: 'ok' },
    { name: 'session', state: 'unknown', detail: 'It could not be asked.' },
    { name: 'automation', state: 'problem', detail: 'Click OK.' },
  ],
  connectedAtMs: NOW - 60_000,
  closedAtMs: null,
  retiredAtMs: null,
  framesDropped: 0,
  inFlight: [{ id: 'attempt_1', message: 'imessage_1', state: 'taken', dispatchedAtMs: NOW - 1000 }],
  unknown: 2,
}

const LINE = { address: '+15005550001', services: ['imessage'], sends: true, paused: false, queued: 7 } as const
const lines = [LINE, { ...LINE, address: 'ann@example.com', sends: false, queued: 0 }] as unknown as LineView[]

test('for people', () => {
  expect(showNode({ node: NODE, lines, accountName: 'main' }, NOW).lines).toEqual([
    'node           mac-1 (node_1)',
    'account        main',
    'state          online since 2026-11-24 11:59 UTC',
    'health         broken (automation): It waits for a click.',
    'work           none: it cannot send (automation)',
    'last proof     2026-11-24 11:00 UTC (that it can send, by its own clock)',
    'last iMessage  2026-11-24 10:00 UTC (seen to leave)',
    'driver         messages-app, sends each message at most once',
    'agent          bluewire-node/0.1.0 on darwin 26.1.0',
    'can            imessage, receipts',
    'in flight      imessage_1 since 2026-11-24 11:59 UTC (taken)',
    'not known      2 attempts, of which it may still learn what became of them',
    'line           +15005550001 (imessage), in use, 7 queued',
    'line           ann@example.com (imessage), receives only, 0 queued',
    '',
    'check        state        what it means, and what to do',
    'automation   problem      Click OK.',
    'session      cannot tell  It could not be asked.',
    'db_readable  ok',
  ])
})

test('one that may send twice, is away, and said nothing yet', () => {
  const node: NodeDetail = {
    ...{ ...NODE, online: false, atMostOnce: false, agent: '', capabilities: [], checks: [], hold: null },
    ...{ health: 'unknown', healthDetail: null, healthAtMs: null, inFlight: [], framesDropped: 3 },
  }
  const shown = showNode({ node, lines: [], accountName: 'main' }, NOW).lines.join('\n')
  for (const part of [
    /state +never connected/,
    /health +unknown\n/,
    /work +it may be given some/,
    /may send one message/,
  ])
    expect(shown).toMatch(part)
  expect(shown).toMatch(/dropped +3 frames/)
  expect(shown).not.toContain('check ')
})

test.each([
  [{ why: 'sending_address', check: 'sending_address', detail: null }, 'would send from another address'],
  [{ why: 'broken', check: 'sending', detail: null }, 'cannot send (sending)'],
  [{ why: 'two_machines', check: null, detail: 'Stop one.' }, 'is paused (two machines use its credential)'],
] as const)('what a command ends: %o', (hold, text) => {
  const { lines: shown } = showNode({ node: { ...NODE, health: 'ok', hold }, lines: [], accountName: 'main' }, NOW)
  expect(shown.find((line) => line.startsWith('work'))).toContain(
    `none: it ${text}. When that is put right: ${PROGRAM} node resume node_1`,
  )
})

test('for programs', () => {
  expect(showNode({ node: NODE, lines, accountName: 'main' }, NOW).json).toMatchObject({
    ...{ id: 'node_1', standing: 'broken', health: 'broken', proven_at: NODE.provenAtMs, at_most_once: true },
    ...{ held: NODE.hold, checks: NODE.checks, in_flight: [{ message: 'imessage_1' }], unknown: 2 },
    lines: [{ address: '+15005550001' }, { sends: false }],
  })
})
