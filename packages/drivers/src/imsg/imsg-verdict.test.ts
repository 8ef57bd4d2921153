/**
 * What answers and rows of imsg mean.
 * Proves: every code and disposition of DRIVERS 2.2, and every state of a row of MACOS 2.4, has the meaning that the tables say; whatever
 * else imsg may answer is no proof.
 * World: none.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sendStatusAnswer } from './imsg-answers.ts'
import { rowVerdict, sendVerdict } from './imsg-verdict.ts'

const NOW = Date.UTC(2026, 8, 9)

function failure(code: number, data?: unknown) {
  return sendVerdict({ kind: 'error', code, data })
}

describe('the answer to a send', () => {
  it.each([
    [-32603, { retry_safe: true, disposition: 'not_started' }, 'never_handed', false],
    [-32603, { retry_safe: true }, 'never_handed', false],
    [-32001, { retry_safe: false, disposition: 'may_have_completed' }, 'uncertain', false],
    [-32001, { retry_safe: false, disposition: 'still_in_flight' }, 'uncertain', true],
    [-32004, { retry_safe: false, disposition: 'still_in_flight' }, 'uncertain', true],
    [-32004, undefined, 'uncertain', true],
    // What contradicts itself.
    [-32001, { retry_safe: true, disposition: 'may_have_completed' }, 'uncertain', false],
    [-32001, { retry_safe: true, disposition: 'still_in_flight' }, 'uncertain', true],
    // Codes alone.
    [-32700, 'Parse error', 'uncertain', false],
    [-32600, 'Invalid Request', 'uncertain', false],
    [-32601, 'Method not found', 'uncertain', false],
    [-32602, 'Invalid params', 'uncertain', false],
    [-32603, 'Internal error', 'uncertain', false],
    [-32000, 'Server busy', 'uncertain', false],
    [-32001, 'Outcome unknown', 'uncertain', false],
    [-32002, { detail: 'no access', retryable: true }, 'uncertain', false],
    [-32003, 'No usable bridge', 'uncertain', false],
  ])('%i %j: %s', (...[code, data, kind, isBlocked]) => {
    const verdict = failure(code, data)
    expect(verdict.kind).toBe(kind)
    expect(verdict.kind === 'uncertain' && verdict.isBlocked).toBe(isBlocked)
  })

  it('is proof only with retry_safe: true, whatever else it is', () => {
    fc.assert(
      fc.property(fc.integer(), fc.anything(), (code, data) => {
        const isSafe = typeof data === 'object' && data !== null && 'retry_safe' in data && data.retry_safe === true
        if (!isSafe) expect(failure(code, data).kind).toBe('uncertain')
      }),
    )
  })

  it('that is "ok" says nothing but that there is something to look at', () => {
    expect(sendVerdict({ kind: 'result', value: { ok: true } })).toEqual({ kind: 'handed' })
  })

  it('that never came', () => {
    expect(sendVerdict({ kind: 'none', why: 'not_written' }).kind).toBe('never_handed')
    expect(sendVerdict({ kind: 'none', why: 'late' })).toMatchObject({ kind: 'uncertain', isBlocked: true })
    expect(sendVerdict({ kind: 'none', why: 'ended' })).toMatchObject({ kind: 'uncertain', isBlocked: false })
  })

  it('does not carry words of imsg, which may hold a number', () => {
    expect(JSON.stringify(failure(-32602, 'no chat with +14155552671'))).not.toContain('4155552671')
    expect(JSON.stringify(failure(-32001, { disposition: '+14155552671' }))).not.toContain('4155552671')
  })
})

describe('a row', () => {
  const verdict = (fields: object | null, service = 'iMessage', asked: 'imessage' | 'sms' = 'imessage') =>
    rowVerdict(sendStatusAnswer.parse({ guid: 'A', service, status_fields: fields }), asked, NOW)

  it.each([
    ['there is none', null, 'absent'],
    ['is_sent=0, error=0', { is_sent: false, error: 0 }, 'pending'],
    ['is_sent=0, error=0, is_finished=1', { is_sent: false, error: 0, is_finished: true }, 'pending'],
    ['nothing is said', {}, 'pending'],
    ['is_sent=1, error=0', { is_sent: true, error: 0 }, 'sent'],
    ['is_sent=0, error=22', { is_sent: false, error: 22 }, 'failed'],
    ['is_sent=1, error=3', { is_sent: true, error: 3 }, 'failed'],
    ['error=-1', { is_sent: true, error: -1 }, 'failed'],
  ])('%s', (_what, fields, kind) => {
    expect(verdict(fields).kind).toBe(kind)
  })

  it('says when it was delivered and read, and believes no date that cannot be', () => {
    const date = '2026-09-08T00:00:00.500Z'
    const at = Date.parse(date)
    const sent = { is_sent: true, error: 0 }
    expect(verdict({ ...sent, date_delivered: date })).toMatchObject({ deliveredAtMs: at, readAtMs: null })
    expect(verdict({ ...sent, is_delivered: true })).toMatchObject({ deliveredAtMs: NOW })
    expect(verdict({ ...sent, date_read: date })).toMatchObject({ deliveredAtMs: null, readAtMs: at })
    for (const odd of ['2001-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '9999-01-01T00:00:00Z', 'soon', 5, {}]) {
      expect(verdict({ ...sent, date_delivered: odd, date_read: odd })).toMatchObject({
        deliveredAtMs: null,
        readAtMs: null,
      })
    }
  })

  it('went as a text message when it says so, or when its service says so', () => {
    const sent = { is_sent: true, error: 0 }
    expect(verdict({ ...sent, was_downgraded: true })).toMatchObject({ wasDowngraded: true })
    expect(verdict(sent, 'SMS')).toMatchObject({ wasDowngraded: true })
    expect(verdict(sent, 'RCS')).toMatchObject({ wasDowngraded: true })
    expect(verdict(sent, 'SMS', 'sms')).toMatchObject({ wasDowngraded: false })
    expect(verdict(sent)).toMatchObject({ wasDowngraded: false })
  })
})
