/** Proves: a Mac is called ok only on evidence, and whatever is wrong has its check, with the one next thing to do (MACOS 5.4, rule R8). */
import { describe, expect, test } from 'vitest'
import { row } from '../../test/messages-app/row.ts'
import type { Account } from './accounts-probe.ts'
import { healthOf, RowEvidence } from './mac-health.ts'
import type { Findings } from './mac-health.ts'

const IMESSAGE: Account = { id: 'A', service: 'iMessage', enabled: true, connection: 'connected', description: 'me' }
const WELL: Findings = {
  probe: { kind: 'accounts', accounts: [IMESSAGE] },
  probedAtMs: 1_000,
  dbProblem: null,
  lastErrors: [],
  rowProofMs: null,
  isStuck: false,
  strangeAddress: false,
}
const accounts = (...list: Account[]) => ({ probe: { kind: 'accounts', accounts: list } as const })

test('well: proven by the answer', () => {
  expect(healthOf(WELL)).toMatchObject({ state: 'ok', provenAtMs: 1_000 })
})

test('not asked yet is not well', () => {
  expect(healthOf({ ...WELL, probe: null, probedAtMs: null })).toMatchObject({ state: 'degraded', provenAtMs: null })
})

describe('broken, and says what to do', () => {
  test.each<[string, Partial<Findings>, string, RegExp]>([
    ['nobody allowed it', { probe: { kind: 'denied' } }, 'automation', /Automation.*switch Messages on/],
    [
      'a prompt nobody clicks',
      { probe: { kind: 'waiting_for_click' } },
      'automation',
      /waiting for a click.*Automation/,
    ],
    ['Messages is not there', { probe: { kind: 'failed', number: -2740, text: '' } }, 'automation', /Open Messages/],
    ['no account', accounts(), 'imessage_account', /Sign in/],
    ['only SMS', accounts({ ...IMESSAGE, service: 'SMS' }), 'imessage_account', /Sign in/],
    ['switched off', accounts({ ...IMESSAGE, enabled: false }), 'imessage_account', /switched off/],
    ['connected, but every send is refused', { lastErrors: [40] }, 'imessage_account', /error 40/],
    ['no Full Disk Access', { dbProblem: 'denied' }, 'full_disk_access', /Full Disk Access.*start the node again/],
    ['no chat.db', { dbProblem: 'missing' }, 'db_readable', /Open Messages once|open Messages once/],
    ['damaged', { dbProblem: 'not_a_database' }, 'db_readable', /no database/],
    ['locked', { dbProblem: 'unreadable' }, 'db_readable', /locked/],
    ['hangs', { isStuck: true }, 'sending', /Force Quit/],
    ['five failures in a row', { lastErrors: [3, 4, 3, 3, 3] }, 'sending', /last 5 messages failed/],
    ['from a strange address', { strangeAddress: true }, 'sending_address', /Start new conversations from/],
  ])('%s', (...[, more, name, detail]) => {
    const health = healthOf({ ...WELL, ...more })
    expect(health.state).toBe('broken')
    expect(health.checks?.find((check) => check.name === name)).toMatchObject({
      state: 'problem',
      detail: expect.stringMatching(detail) as string,
    })
  })
})

describe('no fault of the Mac', () => {
  test.each<[string, Partial<Findings>]>([
    ['recipients who are not on iMessage, among others', { lastErrors: [22, 22, 0, 22, 22] }],
    ['four failures', { lastErrors: [3, 3, 3, 3] }],
    ['connecting', accounts({ ...IMESSAGE, connection: 'connecting' })],
    ['no text messages', {}],
    ['idle since long ago', { rowProofMs: 1 }],
  ])('%s', (_title, more) => {
    expect(healthOf({ ...WELL, ...more }).state).toBe('ok')
  })
})

describe('what rows say', () => {
  const evidence = () => new RowEvidence(() => ['+15550001111'])

  test('each row counts once, newest first; one that is still sending does not', () => {
    const said = evidence()
    said.saw(row({ guid: 'a', error: 3, isSent: false }), 1)
    said.saw(row({ guid: 'a', error: 3, isSent: false }), 2)
    said.saw(row({ guid: 'b', isSent: false }), 3)
    expect([said.lastErrors, said.proofMs]).toEqual([[3], null])
    said.saw(row({ guid: 'c' }), 4)
    expect([said.lastErrors, said.proofMs]).toEqual([[0, 3], 4])
  })

  test('what comes in proves that Messages works', () => {
    const said = evidence()
    said.saw(row({ isFromMe: false, isSent: false }), 7)
    expect(said.proofMs).toBe(7)
  })

  test.each([
    ['p:+15550001111', false],
    ['E:me@example.org', true],
    [null, false],
  ])('one of ours that went out from %s: strange %s', (account, strange) => {
    const said = evidence()
    said.sentFrom(row({ account }))
    expect(said.strangeAddress).toBe(strange)
  })
})
