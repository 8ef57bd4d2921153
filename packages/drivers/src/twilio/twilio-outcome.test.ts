/**
 * What Twilio's answers mean.
 * Proves: each row of the table of codes; what is not Twilio's answer is `unknown`; a lost message is found only where exactly one fits.
 * World: pure functions.
 */
import { describe, expect, it } from 'vitest'
import type { OutgoingSms } from '../provider.ts'
import type { Exchange } from '../web/exchange.ts'
import { reasonOfFailure } from './twilio-errors.ts'
import { candidates } from './twilio-look-up.ts'
import type { Listed } from './twilio-look-up.ts'
import { readExchange } from './twilio-outcome.ts'

const NOW = Date.UTC(2026, 10, 5)
const SID = `SM${'1'.repeat(32)}`

function answered(status: number, body: unknown, retryAfter?: string): Exchange {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  return { kind: 'answered', status, headers, text: typeof body === 'string' ? body : JSON.stringify(body) }
}

/** Short: `refused opted_out`, `never_handed twilio_20003 broken`. */
function said(exchange: Exchange | null, created: Record<string, unknown> | null = null): string {
  const what = created && { sid: created['sid'], status: created['status'], errorCode: created['errorCode'] }
  const { outcome, problem } = readExchange(exchange, { created: what, nowMs: NOW, restMs: 4_000 })
  const words =
    outcome.kind === 'sent'
      ? ['sent', ...outcome.refs]
      : [outcome.kind === 'unknown' ? 'unknown' : outcome.class, outcome.reason]
  if (outcome.kind === 'not_sent' && outcome.retryAfterMs !== undefined) words.push(String(outcome.retryAfterMs))
  return [...words, ...(problem ? [problem.state] : [])].join(' ')
}

describe('an answer of Twilio means', () => {
  it.each([
    [21211, 'refused recipient_unreachable'],
    [21614, 'refused recipient_unreachable'],
    [21635, 'refused recipient_unreachable'],
    [21265, 'refused recipient_unreachable'],
    [21610, 'refused opted_out'],
    [21611, 'never_handed throttled 60000'],
    [20429, 'never_handed throttled 4000'],
    [63038, 'never_handed throttled 3600000'],
    [20003, 'never_handed provider_not_connected broken'],
    [20005, 'never_handed provider_not_connected broken'],
    [21609, 'never_handed provider_not_connected broken'],
    [21606, 'refused twilio_21606 degraded'],
    [21659, 'refused twilio_21659 degraded'],
    [21612, 'refused twilio_21612'],
    [21408, 'refused twilio_21408'],
    [21617, 'refused twilio_21617'],
    [99999, 'refused twilio_99999'],
  ])('error %i', (code, expected) => {
    expect(said(answered(400, { code, message: 'a text' }))).toBe(expected)
  })

  it.each([
    ['a message', answered(201, {}), { sid: SID, status: 'queued' }, `sent ${SID}`],
    [
      'a message without an id',
      answered(201, {}),
      { sid: null, status: 'queued' },
      'unknown answer_unreadable degraded',
    ],
    [
      "a message with somebody's id",
      answered(201, {}),
      { sid: 'x', status: 'queued' },
      'unknown answer_unreadable degraded',
    ],
    [
      'a message that has failed already',
      answered(201, {}),
      { sid: SID, status: 'failed', errorCode: 21610 },
      'refused opted_out',
    ],
    [
      'one that failed for nothing',
      answered(201, {}),
      { sid: SID, status: 'failed', errorCode: null },
      'refused twilio_0',
    ],
    ['a success that is no JSON', answered(200, '<html>'), null, 'unknown answer_unreadable degraded'],
    ["a proxy's refusal", answered(403, '<html>Forbidden</html>'), null, 'unknown answer_unreadable degraded'],
    ['a refusal whose code is a text', answered(400, { code: '21211' }), null, 'unknown answer_unreadable degraded'],
    ['an error of its own', answered(500, { code: 20500 }), null, 'unknown answer_unreadable degraded'],
    ['its being away', answered(503, 'Service Unavailable'), null, 'unknown answer_unreadable degraded'],
    ['a redirect', answered(301, ''), null, 'unknown answer_unreadable degraded'],
    ['429 without a word', answered(429, ''), null, 'never_handed throttled 4000'],
    ['429 and a time', answered(429, { code: 20429 }, '7'), null, 'never_handed throttled 7000'],
    ['nothing', { kind: 'lost', code: 'no_answer' } as const, null, 'unknown no_answer degraded'],
    ['no HTTP', { kind: 'lost', code: 'HPE_INVALID_CONSTANT' } as const, null, 'unknown answer_unreadable degraded'],
    [
      'nobody there',
      { kind: 'never_left', code: 'ECONNREFUSED' } as const,
      null,
      'never_handed provider_not_connected broken',
    ],
    ['held back', { kind: 'withheld' } as const, null, 'never_handed lease_lost'],
    ['no request', null, null, 'never_handed provider_not_connected'],
  ])('%s', (...[, exchange, created, expected]) => {
    expect(said(exchange, created)).toBe(expected)
  })

  it('later: why it failed', () => {
    expect([null, '30003', '30006', '21610', '30007'].map(reasonOfFailure)).toEqual([
      'twilio_failed',
      'recipient_unreachable',
      'recipient_unreachable',
      'opted_out',
      'twilio_30007',
    ])
  })
})

describe('a lost message is found', () => {
  const sms: OutgoingSms = {
    attempt: 'attempt_00000000000000000000000001',
    message: 'text_00000000000000000000000001',
    line: '+15005550001',
    to: '+14155552671',
    body: 'hello',
  }
  const listed = (more: Partial<Listed> = {}): Listed => ({
    sid: SID,
    to: sms.to,
    from: sms.line,
    body: sms.body,
    direction: 'outbound-api',
    dateCreated: new Date(NOW),
    ...more,
  })
  const found = (list: readonly Listed[], pageSize = 10) =>
    candidates(sms, list, { window: { dispatchedAtMs: NOW, answerWithinMs: 20_000 }, pageSize })

  it('by recipient, sender, text and time', () => {
    expect(found([listed()])).toEqual([SID])
    expect(found([listed({ body: `Sent from your Twilio trial account - ${sms.body}` })])).toEqual([SID])
    const others: Array<Partial<Listed>> = [
      { to: '+14155552672' },
      { from: '+15005550002' },
      { body: 'hello!' },
      { direction: 'inbound' },
      { dateCreated: new Date(NOW - 200_000) },
      { dateCreated: new Date(NOW + 200_000) },
      { dateCreated: 'never' },
      { sid: 'x' },
    ]
    for (const other of others) expect(found([listed(other)]), JSON.stringify(other)).toEqual([])
  })

  it('never in a list that does not reach back far enough', () => {
    const old = listed({ dateCreated: new Date(NOW - 200_000), body: 'older' })
    expect(found([listed(), listed()], 2)).toBe('too_many')
    expect(found([listed(), old], 2)).toEqual([SID])
  })
})
