/** Proves: what is wrong with a line is said once for each node or provider, and the advice about Send as Text Message goes away after a week. */
import { expect, test } from 'vitest'
import type { LineView } from '../store/store.ts'
import { notesOn, senderText } from './line-notes.ts'

const NOW_MS = Date.UTC(2026, 10, 24, 12, 0)
const DAY_MS = 24 * 3600_000

const PROVIDER: NonNullable<LineView['node']> = {
  id: 'prov_01M86T1FBWDSZJGY5A5WVQZPC5',
  name: 'smsc',
  online: false,
  isProvider: true,
  closedAtMs: null,
  health: 'broken',
  healthDetail: 'key missing: /srv/data.key is not there.',
  healthAtMs: null,
  provenAtMs: null,
  hold: null,
  driver: 'smpp',
  atMostOnce: true,
}

function line(address: string, more: Partial<LineView> = {}): LineView {
  return {
    id: 'line_01M86T21YMKZ5N8WXWQXTKGWXR',
    account: 'acct_01M86T1FBWDSZJGY5A5WVQZPC5',
    address,
    services: ['sms'],
    sends: true,
    simulated: false,
    pool: 'default',
    paused: false,
    pauseReason: null,
    suspended: false,
    tatMs: 0,
    gapMs: 0,
    burst: 1,
    queued: 0,
    downgradedAtMs: null,
    node: null,
    ...more,
  }
}

test('what is wrong with a provider is said once, with all its lines; nothing of one that works or was removed', () => {
  const well = { ...PROVIDER, health: 'ok' }
  const lines = [
    line('+1', { node: PROVIDER }),
    line('+2', { node: well }),
    line('+3', { node: PROVIDER }),
    line('+4', { node: PROVIDER, sends: false }),
    line('+5'),
  ]
  expect(notesOn(lines, NOW_MS)).toEqual(['+1, +3: key missing: /srv/data.key is not there.'])
  expect(lines.slice(0, 2).map((l) => senderText(l.node))).toEqual(Array(2).fill('smsc (provider, not connected)'))
  expect(senderText({ ...well, isProvider: false, online: true })).toBe('smsc (online)')
  expect(senderText(null)).toBe('-')
})

test('a Mac that gets nothing says what to do, once; one that may send twice says so', () => {
  const mac = { ...PROVIDER, isProvider: false, name: 'mac-1', driver: 'bluebubbles', health: 'ok', healthDetail: null }
  const address = { why: 'sending_address', check: 'sending_address', detail: 'It is signed in as another.' } as const
  const held = { ...mac, hold: address }
  expect(notesOn([line('+1', { node: held }), line('+2', { node: held })], NOW_MS)).toEqual([
    '+1, +2: It is signed in as another.',
  ])
  const broken = { ...mac, health: 'broken', healthDetail: 'Messages hangs.', hold: { ...address, detail: null } }
  expect(notesOn([line('+1', { node: broken })], NOW_MS)).toEqual(['+1: Messages hangs.'])
  expect(notesOn([line('+1', { node: { ...mac, atMostOnce: false } })], NOW_MS)).toEqual([
    '+1: may send twice. What the driver bluebubbles on mac-1 hands a message to may send it again by itself, and nothing here can keep it from that.',
  ])
})

test('Messages that sends iMessages as SMS by itself: the setting is named, for a week', () => {
  const ago = (ms: number) => notesOn([line('+1', { downgradedAtMs: NOW_MS - ms })], NOW_MS)
  expect(ago(2 * DAY_MS)).toEqual([
    '+1: Messages sent an iMessage as SMS by itself (2026-11-22 12:00 UTC). Switch "Send as Text Message" off on the iPhone of its Apple account: ' +
      'Settings > Apps > Messages (before iOS 18: Settings > Messages).',
  ])
  expect(ago(7 * DAY_MS)).toEqual([])
})
