/**
 * What a caller is told of a message.
 * Proves: each state has its one text; *Successfully* stands only on evidence of sent; a failure says its cause and what to do; the
 * type is what really went out, and while nothing has, what was asked for.
 */
import { ERRORS, isFailureCode } from '@bluewire/contract/errors'
import { MESSAGE_STATES } from '@bluewire/engine/message-state'
import type { NodeHold } from '@bluewire/engine/node-health'
import { describe, expect, it } from 'vitest'
import type { MessageView } from '../../../store/store.ts'
import { typeOf, understoodOf, verdictOn } from './answer.ts'

const NOW = Date.UTC(2026, 10, 24, 12, 10)
const ONLINE = {
  id: 'node_1',
  name: 'mac-1',
  isProvider: false,
  online: true,
  closedAtMs: null,
  healthDetail: null,
  hold: null,
} as const
const LINE = { id: 'line_1', address: '+15005550001', paused: false, node: ONLINE } as const

function view(change: Partial<MessageView> = {}): MessageView {
  return {
    id: 'imessage_1',
    account: 'acct_1',
    recipient: '+14155552671',
    body: 'Hi',
    askedService: 'imessage',
    service: 'imessage',
    sentService: null,
    state: 'queued',
    failure: null,
    failureDetail: null,
    fallbackReason: null,
    holdReason: null,
    notBeforeMs: NOW - 1000,
    expiresAtMs: NOW + 1000,
    cancelAsked: false,
    sealed: false,
    fallback: false,
    simulated: false,
    ad: false,
    attempts: 0,
    line: LINE,
    createdAtMs: NOW,
    updatedAtMs: NOW,
    ...change,
  }
}

const FREE = { messages: 0, unknownUntilMs: null }

function told(change: Partial<MessageView>, messages = 0): string {
  return verdictOn({ view: view(change), ahead: { ...FREE, messages }, nowMs: NOW }).message
}

const away = (closedAtMs: number | null): Partial<MessageView> => ({
  line: { ...LINE, node: { ...ONLINE, online: false, closedAtMs } },
})

const held = (hold: NodeHold): Partial<MessageView> => ({ line: { ...LINE, node: { ...ONLINE, hold } } })
const detail = 'For the operator.'

describe('while it is open', () => {
  it.each<[string, Partial<MessageView>, number]>([
    ['Accepted: waiting for its turn on +15005550001', {}, 0],
    ['Accepted: 1 message is ahead on +15005550001', {}, 1],
    ['Accepted: 37 messages are ahead on +15005550001', {}, 37],
    ['Accepted: waiting for node mac-1, offline since 12:04Z', away(Date.UTC(2026, 10, 24, 12, 4, 59)), 37],
    ['Accepted: waiting for node mac-1, offline since 2026-11-22 23:00Z', away(Date.UTC(2026, 10, 22, 23)), 0],
    ['Accepted: waiting for node mac-1, not connected yet', away(null), 0],
    ['Accepted: waiting, because +15005550001 is paused', { line: { ...LINE, paused: true } }, 3],
    [
      'Accepted: waiting for node mac-1, which cannot send now (automation)',
      held({ why: 'broken', check: 'automation', detail }),
      3,
    ],
    ['Accepted: waiting for node mac-1, which cannot send now', held({ why: 'broken', check: null, detail }), 0],
    [
      'Accepted: waiting for node mac-1, which would send from another address',
      held({ why: 'sending_address', check: 'sending_address', detail }),
      0,
    ],
    [
      'Accepted: waiting for node mac-1, whose credential two machines use',
      held({ why: 'two_machines', check: null, detail }),
      0,
    ],
    ['Accepted: waiting for a line', { line: null }, 0],
    ['Accepted: held (quiet_hours) until 12:40Z', { holdReason: 'quiet_hours', notBeforeMs: NOW + 30 * 60_000 }, 0],
    ['Accepted: 1 try did not go out, the next is due at 12:10:05Z', { attempts: 1, notBeforeMs: NOW + 5000 }, 2],
    ['Accepted: being sent', { state: 'sending' }, 0],
    ['Accepted: outcome not known yet. Do not send it again; see message_id', { state: 'unknown' }, 0],
    ['Accepted: waiting for its turn on +15005550002', { line: { ...LINE, address: '+15005550002', node: null } }, 0],
  ])('%s', (text, change, ahead) => {
    expect(told(change, ahead)).toBe(text)
  })
})

describe('when it failed', () => {
  it.each<[string, Partial<MessageView>]>([
    ['Sending failed: +14155552671 is not on iMessage', { failure: 'recipient_not_on_imessage' }],
    ['Sending failed: +14155552671 is not on iMessage', { failure: 'apple_error_22' }],
    ['Sending failed: this account has no iMessage line', { failure: 'no_line', line: null }],
    [
      'Sending failed: this account has no SMS line',
      { failure: 'no_line', askedService: 'sms', service: 'sms', line: null },
    ],
    [
      'Sending failed: the disk of the node mac-1 is full. Free some space there, then send it again',
      { failure: 'node_disk_full' },
    ],
    [
      'Sending failed: Messages reported error 25. Look at Messages on the Mac of +15005550001, then send it again',
      { failure: 'apple_error_25' },
    ],
    [
      'Sending failed: Messages refused to send it (signed out). Look at Messages on the Mac of +15005550001, then send it again',
      { failure: 'a_word_of_a_driver', failureDetail: 'signed out' },
    ],
  ])('%s', (text, change) => {
    expect(told({ state: 'failed', ...change })).toBe(text)
  })

  it('has a cause for every code of the catalogue', () => {
    for (const code of Object.keys(ERRORS).filter(isFailureCode)) {
      const verdict = verdictOn({ view: view({ state: 'failed', failure: code }), ahead: FREE, nowMs: NOW })
      expect(verdict).toMatchObject({ kind: 'failed', code })
      expect(verdict.message).toMatch(/^Sending failed: [a-zM+][^]{10,}$/)
    }
  })

  it.each(['cancelled', 'expired'] as const)('%s is a failure too: it provably was not sent', (state) => {
    expect(verdictOn({ view: view({ state }), ahead: FREE, nowMs: NOW })).toMatchObject({ kind: 'failed', code: state })
  })
})

it('says Successfully only on evidence', () => {
  for (const state of MESSAGE_STATES) {
    const isEvidence = state === 'sent' || state === 'delivered' || state === 'read'
    expect(told({ state }).startsWith('Success'), state).toBe(isEvidence)
  }
})

it('tells what really went out, and until then what was asked for', () => {
  expect(typeOf(view({ state: 'sent', sentService: 'sms', service: 'sms' }))).toBe('sms')
  expect(typeOf(view({ state: 'queued', service: 'sms' }))).toBe('imessage')
  expect(typeOf(view({ state: 'failed', service: 'sms' }))).toBe('imessage')
  expect(typeOf(view({ state: 'delivered', sentService: null }))).toBe('imessage')
})

it('marks what is simulated, and only that', () => {
  expect(understoodOf(view())).toEqual({ message_id: 'imessage_1', status: 'queued', to: '+14155552671' })
  expect(understoodOf(view({ simulated: true }))).toMatchObject({ simulated: true })
})

it('tells that an earlier message with an unknown outcome holds it, rather than how many are ahead', () => {
  const ahead = { messages: 3, unknownUntilMs: NOW + 90_000 }
  expect(verdictOn({ view: view(), ahead, nowMs: NOW }).message).toBe(
    'Accepted: an earlier message to this recipient has an unknown outcome, which holds it until 12:11:30Z at most',
  )
})
