/**
 * The states of a message.
 * Proves: every row of PROTOCOL 8.1; late evidence always wins and nothing ever falls back; no attempt follows a sealed message, a
 * cancelled one, an expired one, or evidence of sent; quota goes back at most once. Tables first, then properties over random histories.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isSentOrBetter,
  MESSAGE_STATES,
  RETRY_FOR_MS,
  STALE_PROOF_MS,
  transition,
  TRIES_MAX,
  VOIDED_TRIES_MAX,
  UNKNOWN_HOLD_MS,
} from './message-state.ts'
import type { MessageChange, MessageEvent, MessageFacts } from './message-state.ts'

const NOW = 1_000_000_000

const base: MessageFacts = {
  state: 'queued',
  service: 'imessage',
  tries: 0,
  firstTryAtMs: null,
  expiresAtMs: NOW + 3600_000,
  cancelAskedAtMs: null,
  sealed: false,
  fallback: false,
  onUnknown: 'hold',
  resends: 0,
  unknownAtMs: null,
  everSent: false,
  refunded: false,
  unproven: false,
  optedOut: false,
}
const sending: MessageFacts = { ...base, state: 'sending', tries: 1, firstTryAtMs: NOW - 1000 }
const unknown: MessageFacts = { ...sending, state: 'unknown', unknownAtMs: NOW - 60_000 }

const notSent = (more: Partial<Extract<MessageEvent, { kind: 'attempt_not_sent' }>> = {}): MessageEvent => ({
  kind: 'attempt_not_sent',
  class: 'never_handed',
  reason: 'send_refused',
  voided: false,
  current: true,
  ...more,
})
const lost: MessageEvent = { kind: 'attempt_unknown', reason: 'node_lost', current: true }

type Row = [what: string, facts: MessageFacts, event: MessageEvent, expected: MessageChange | null]

const ROWS: Row[] = [
  ['a queued message is dispatched', base, { kind: 'dispatched' }, { state: 'sending' }],
  ['only a queued one is', sending, { kind: 'dispatched' }, null],
  ['sent', sending, { kind: 'attempt_sent' }, { state: 'sent' }],
  ['delivered before sent was said', sending, { kind: 'attempt_delivered' }, { state: 'delivered' }],
  ['late sent beats unknown', unknown, { kind: 'attempt_sent' }, { state: 'sent' }],
  [
    'late sent beats failed, and is charged again',
    { ...sending, state: 'failed', refunded: true },
    { kind: 'attempt_sent' },
    { state: 'sent', charge: true },
  ],
  ['late sent beats cancelled', { ...base, state: 'cancelled' }, { kind: 'attempt_sent' }, { state: 'sent' }],
  ['late sent beats expired', { ...base, state: 'expired' }, { kind: 'attempt_sent' }, { state: 'sent' }],
  ['sent does not beat delivered', { ...sending, state: 'delivered' }, { kind: 'attempt_sent' }, null],
  ['read beats delivered', { ...sending, state: 'delivered' }, { kind: 'attempt_read' }, { state: 'read' }],
  ['never handed: again in a second', sending, notSent(), { state: 'queued', notBeforeMs: NOW + 1000 }],
  ['the second time in five', { ...sending, tries: 2 }, notSent(), { state: 'queued', notBeforeMs: NOW + 5000 }],
  [
    'a provider that is asked too fast: later, and the try does not count',
    { ...sending, tries: 3 },
    notSent({ waitMs: 4000 }),
    { state: 'queued', notBeforeMs: NOW + 4000, uncounted: true },
  ],
  [
    'asked too fast, and a caller was told that it failed',
    { ...sending, sealed: true },
    notSent({ waitMs: 4000 }),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  [
    'its line is away, and SMS was asked for',
    { ...base, fallback: true },
    { kind: 'line_away', reason: 'node_offline' },
    { state: 'queued', service: 'sms', notBeforeMs: NOW },
  ],
  ['its line is away, and SMS was not asked for', base, { kind: 'line_away', reason: 'node_offline' }, null],
  [
    'its line is away after a try',
    { ...base, fallback: true, tries: 1, firstTryAtMs: NOW },
    { kind: 'line_away', reason: 'node_offline' },
    null,
  ],
  [
    'its line is away, and a cancel was asked for',
    { ...base, fallback: true, cancelAskedAtMs: NOW },
    { kind: 'line_away', reason: 'node_offline' },
    null,
  ],
  [
    'its line is away after a resend',
    { ...base, fallback: true, resends: 1 },
    { kind: 'line_away', reason: 'node_offline' },
    null,
  ],
  [
    'an SMS whose line is away',
    { ...base, service: 'sms', fallback: true },
    { kind: 'line_away', reason: 'node_offline' },
    null,
  ],
  [
    'the third time it fails',
    { ...sending, tries: 3 },
    notSent(),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  [
    'never handed for longer than a minute: it fails',
    { ...sending, firstTryAtMs: NOW - RETRY_FOR_MS - 1 },
    notSent(),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  ['a tombstone: at once', sending, notSent({ voided: true }), { state: 'queued', notBeforeMs: NOW }],
  [
    'a node that restarts again and again does not use up the tries of a refusal',
    { ...sending, tries: VOIDED_TRIES_MAX - 1 },
    notSent({ voided: true }),
    { state: 'queued', notBeforeMs: NOW },
  ],
  [
    'but not for ever: the message may be what it dies of',
    { ...sending, tries: VOIDED_TRIES_MAX },
    notSent({ voided: true }),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  [
    'a tombstone after a long outage is no less proof',
    { ...sending, firstTryAtMs: NOW - 5 * RETRY_FOR_MS },
    notSent({ voided: true }),
    { state: 'queued', notBeforeMs: NOW },
  ],
  [
    'proof by tombstone within ten minutes of unknown',
    unknown,
    notSent({ voided: true }),
    { state: 'queued', notBeforeMs: NOW },
  ],
  [
    'later than that nothing goes out by itself',
    { ...unknown, unknownAtMs: NOW - STALE_PROOF_MS - 1, fallback: true },
    notSent({ voided: true }),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  [
    'refused by Messages: final',
    sending,
    notSent({ class: 'refused', reason: 'recipient_not_on_imessage' }),
    { state: 'failed', failure: 'recipient_not_on_imessage', refund: true },
  ],
  [
    'refused with fallback: by SMS',
    { ...sending, fallback: true },
    notSent({ class: 'refused', reason: 'recipient_not_on_imessage' }),
    { state: 'queued', service: 'sms', notBeforeMs: NOW },
  ],
  [
    'never handed with fallback: first again by iMessage',
    { ...sending, fallback: true },
    notSent(),
    { state: 'queued', notBeforeMs: NOW + 1000 },
  ],
  [
    'then by SMS',
    { ...sending, fallback: true, tries: TRIES_MAX },
    notSent(),
    { state: 'queued', service: 'sms', notBeforeMs: NOW },
  ],
  [
    'an SMS never falls back',
    { ...sending, fallback: true, service: 'sms' },
    notSent({ class: 'refused' }),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
  [
    'unknown never falls back',
    { ...sending, fallback: true },
    lost,
    { state: 'unknown', laneFreeAtMs: NOW + UNKNOWN_HOLD_MS, failure: 'node_lost' },
  ],
  [
    'unknown is sent again when the caller asked for it',
    { ...sending, onUnknown: 'resend' },
    lost,
    { state: 'queued', override: true, notBeforeMs: NOW, failure: 'node_lost' },
  ],
  [
    'once, not for ever',
    { ...sending, onUnknown: 'resend', resends: 1 },
    lost,
    { state: 'unknown', laneFreeAtMs: NOW + UNKNOWN_HOLD_MS, failure: 'node_lost' },
  ],
  [
    'but not after a cancel',
    { ...sending, onUnknown: 'resend', cancelAskedAtMs: NOW - 1 },
    lost,
    { state: 'unknown', laneFreeAtMs: NOW + UNKNOWN_HOLD_MS, failure: 'node_lost' },
  ],
  ['an overridden attempt decides nothing', sending, notSent({ current: false }), null],
  ['nor does its silence', sending, { ...lost, current: false }, null],
  [
    'cancelled while it waits',
    base,
    { kind: 'cancel_asked' },
    { state: 'cancelled', cancelAskedAtMs: NOW, refund: true },
  ],
  ...(
    [
      ['cancelled', { ...base, resends: 1, unproven: true }, { kind: 'cancel_asked' }],
      ['expired', { ...base, resends: 1, unproven: true }, { kind: 'expired' }],
      ['ended by STOP', { ...base, resends: 1, unproven: true }, { kind: 'opted_out' }],
      ['refused', { ...sending, resends: 1, unproven: true, fallback: true }, notSent({ class: 'refused' })],
    ] as const
  ).map(([what, facts, event]): Row => [
    `${what} after a resend whose first attempt may have gone out: unknown, no refund, no SMS`,
    facts,
    event,
    {
      state: 'unknown',
      laneFreeAtMs: NOW + UNKNOWN_HOLD_MS,
      ...(event.kind === 'cancel_asked' ? { cancelAskedAtMs: NOW } : {}),
    },
  ]),
  [
    'and when it is unknown already, the refusal of its last attempt changes nothing',
    { ...unknown, resends: 1, unproven: true },
    notSent({ class: 'refused' }),
    null,
  ],
  [
    'STOP while an attempt is out: no further one',
    { ...sending, optedOut: true },
    notSent(),
    { state: 'failed', failure: 'opted_out', refund: true },
  ],
  [
    'STOP while an attempt is out: no SMS either',
    { ...sending, optedOut: true, fallback: true },
    notSent({ class: 'refused' }),
    { state: 'failed', failure: 'opted_out', refund: true },
  ],
  [
    'STOP, and its outcome is unknown: it is not sent again',
    { ...sending, optedOut: true, onUnknown: 'resend' },
    lost,
    { state: 'unknown', laneFreeAtMs: NOW + UNKNOWN_HOLD_MS, failure: 'node_lost' },
  ],
  ['a person cannot resend to who opted out', { ...unknown, optedOut: true }, { kind: 'resend_asked' }, null],
  ['nor what was cancelled', { ...unknown, cancelAskedAtMs: NOW }, { kind: 'resend_asked' }, null],
  ['cancel asked while it is out', sending, { kind: 'cancel_asked' }, { state: 'sending', cancelAskedAtMs: NOW }],
  ['cancel asked while unknown', unknown, { kind: 'cancel_asked' }, { state: 'unknown', cancelAskedAtMs: NOW }],
  ['too late to cancel', { ...sending, state: 'sent' }, { kind: 'cancel_asked' }, null],
  [
    'a cancel that was asked wins over a retry and over fallback',
    { ...sending, cancelAskedAtMs: NOW - 1, fallback: true },
    notSent(),
    { state: 'cancelled', refund: true },
  ],
  ['expired while it waits', base, { kind: 'expired' }, { state: 'expired', refund: true }],
  ['what is out does not expire', sending, { kind: 'expired' }, null],
  ['expired when the proof comes', { ...sending, expiresAtMs: NOW }, notSent(), { state: 'expired', refund: true }],
  ['opted out', base, { kind: 'opted_out' }, { state: 'failed', failure: 'opted_out', refund: true }],
  [
    'bounced',
    { ...sending, state: 'sent' },
    { kind: 'attempt_bounced', reason: 'undeliverable' },
    { state: 'failed', failure: 'undeliverable' },
  ],
  [
    'delivered does not bounce',
    { ...sending, state: 'delivered' },
    { kind: 'attempt_bounced', reason: 'undeliverable' },
    null,
  ],
  [
    'a person has an unknown one sent again',
    unknown,
    { kind: 'resend_asked' },
    { state: 'queued', override: true, notBeforeMs: NOW },
  ],
  ['not when a caller was told that it failed', { ...unknown, sealed: true }, { kind: 'resend_asked' }, null],
  ['not what was ever sent', { ...unknown, everSent: true }, { kind: 'resend_asked' }, null],
  [
    'a sealed failure is not tried again',
    { ...unknown, sealed: true },
    notSent({ voided: true }),
    { state: 'failed', failure: 'send_refused', refund: true },
  ],
]

describe('a message', () => {
  it.each(ROWS)('%s', (...[, facts, event, expected]) => {
    expect(transition(facts, event, NOW)).toEqual(expected)
  })
})

const states = fc.constantFrom(...MESSAGE_STATES)
const anyFacts: fc.Arbitrary<MessageFacts> = fc.record({
  state: states,
  service: fc.constantFrom('imessage' as const, 'sms' as const),
  tries: fc.integer({ min: 0, max: 4 }),
  firstTryAtMs: fc.option(fc.integer({ min: NOW - 1e7, max: NOW })),
  expiresAtMs: fc.integer({ min: NOW - 1e6, max: NOW + 1e6 }),
  cancelAskedAtMs: fc.option(fc.integer({ min: NOW - 1e6, max: NOW })),
  sealed: fc.boolean(),
  fallback: fc.boolean(),
  onUnknown: fc.constantFrom('hold' as const, 'resend' as const),
  resends: fc.integer({ min: 0, max: 2 }),
  unknownAtMs: fc.option(fc.integer({ min: NOW - 1e7, max: NOW })),
  everSent: fc.boolean(),
  refunded: fc.boolean(),
  unproven: fc.boolean(),
  optedOut: fc.boolean(),
})
const anyEvent: fc.Arbitrary<MessageEvent> = fc.oneof(
  fc.constantFrom<MessageEvent>(
    { kind: 'dispatched' },
    { kind: 'attempt_sent' },
    { kind: 'attempt_delivered' },
    { kind: 'attempt_read' },
    { kind: 'cancel_asked' },
    { kind: 'expired' },
    { kind: 'opted_out' },
    { kind: 'resend_asked' },
    { kind: 'attempt_bounced', reason: 'undeliverable' },
  ),
  fc.record({
    kind: fc.constant('attempt_not_sent' as const),
    class: fc.constantFrom('never_handed' as const, 'refused' as const),
    reason: fc.constant('send_refused'),
    voided: fc.boolean(),
    current: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('attempt_unknown' as const), reason: fc.constant('node_lost'), current: fc.boolean() }),
)

const RANK: Record<string, number> = { sent: 1, delivered: 2, read: 3 }

describe('whatever happens to a message', () => {
  it('evidence never falls', () => {
    fc.assert(
      fc.property(anyFacts, anyEvent, (facts, event) => {
        const change = transition(facts, event, NOW)
        if (change === null || !isSentOrBetter(facts.state)) return
        const bounced = event.kind === 'attempt_bounced' && facts.state === 'sent'
        expect(bounced || (RANK[change.state] ?? 0) > (RANK[facts.state] ?? 0)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('a further attempt never follows a seal, a cancel, STOP, the end of its time, or evidence of sent', () => {
    fc.assert(
      fc.property(anyFacts, anyEvent, (facts, event) => {
        const change = transition(facts, event, NOW)
        if (change?.state !== 'queued') return
        expect(facts.sealed).toBe(false)
        expect(facts.everSent).toBe(false)
        expect(facts.optedOut).toBe(false)
        expect(facts.cancelAskedAtMs).toBeNull()
        if (event.kind !== 'resend_asked') expect(facts.expiresAtMs).toBeGreaterThan(NOW)
      }),
      { numRuns: 2000 },
    )
  })

  it('a failure is never said while an earlier attempt may have gone out, and nothing goes out as SMS then', () => {
    fc.assert(
      fc.property(anyFacts, anyEvent, (facts, event) => {
        const change = transition({ ...facts, unproven: true }, event, NOW)
        if (change === null || event.kind === 'attempt_bounced') return
        expect(change.state).not.toMatch(/^(failed|cancelled|expired)$/)
        expect(change.refund).toBeUndefined()
        expect(change.service).toBeUndefined()
      }),
      { numRuns: 2000 },
    )
  })

  it('a change of service happens only by proof of not sent, and only from iMessage to SMS', () => {
    fc.assert(
      fc.property(anyFacts, anyEvent, (facts, event) => {
        const change = transition(facts, event, NOW)
        if (change?.service === undefined) return
        expect(event.kind).toBe('attempt_not_sent')
        expect([facts.service, change.service, facts.fallback]).toEqual(['imessage', 'sms', true])
      }),
      { numRuns: 2000 },
    )
  })

  it('quota is given back and charged by turns', () => {
    fc.assert(
      fc.property(anyFacts, fc.array(anyEvent, { maxLength: 30 }), (start, events) => {
        let facts: MessageFacts = { ...start, state: 'queued', refunded: false, everSent: false }
        for (const event of events) {
          const change = transition(facts, event, NOW)
          if (change === null) continue
          if (change.refund) expect(facts.refunded).toBe(false)
          if (change.charge) expect(facts.refunded).toBe(true)
          const refunded = change.refund ? true : change.charge ? false : facts.refunded
          facts = { ...facts, ...change, refunded, everSent: facts.everSent || isSentOrBetter(change.state) }
        }
        if (facts.state === 'cancelled' || facts.state === 'expired') expect(facts.refunded).toBe(true)
        if (isSentOrBetter(facts.state)) expect(facts.refunded).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })
})
