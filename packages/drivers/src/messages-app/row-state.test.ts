/** Proves: a row is called sent, refused or unknown only as MACOS 2.4 and PROTOCOL holes 8 and 9 allow. */
import { describe, expect, test } from 'vitest'
import { row } from '../../test/messages-app/row.ts'
import { isAccountError, outcomeOfRow } from './row-state.ts'

const rowGuids = ['ROW-11']

describe('what was asked for as iMessage', () => {
  test.each([
    ['is_sent=1, error=0: sent', {}, { kind: 'sent', rowGuids }],
    ['is_sent=0, error=0: nothing yet, for however long', { isSent: false }, null],
    ['delivered without is_sent is still no more than that', { isSent: false, isDelivered: true }, null],
    ['error 22 is the one firm refusal', { isSent: false, error: 22 }, refused()],
    ['error 22 of a row that became a text: a person may have it', { error: 22, service: 'SMS' }, unknown(22)],
    ['was_downgraded: sent, as SMS', { wasDowngraded: true }, { kind: 'sent', rowGuids, wasDowngraded: true }],
    ['service became SMS', { service: 'SMS' }, { kind: 'sent', rowGuids, wasDowngraded: true }],
    ['service became RCS', { service: 'rcs' }, { kind: 'sent', rowGuids, wasDowngraded: true }],
    ['an error wins over is_sent', { error: 3 }, unknown(3)],
  ])('%s', (_title, more, outcome) => {
    expect(outcomeOfRow(row(more), 'imessage')).toEqual(outcome)
  })

  test.each([1, 3, 4, 6, 9, 20, 21, 23, 24, 25, 34, 43, 99])('error %i may still go out: unknown', (error) => {
    expect(outcomeOfRow(row({ isSent: false, error }), 'imessage')).toEqual(unknown(error))
  })
})

test('a text asked for as SMS is no downgrade', () => {
  expect(outcomeOfRow(row({ service: 'SMS' }), 'sms')).toEqual({ kind: 'sent', rowGuids })
  expect(outcomeOfRow(row({ service: 'SMS', error: 22, isSent: false }), 'sms')).toEqual(unknown(22))
})

test.each([19, 30, 31, 32, 33, 38, 40])('error %i is of the account, not of the recipient', (error) => {
  expect(isAccountError(error)).toBe(true)
})

test.each([0, 3, 22, 25])('error %i is not of the account', (error) => {
  expect(isAccountError(error)).toBe(false)
})

function refused() {
  return { kind: 'not_sent', class: 'refused', reason: 'recipient_not_on_imessage', rowGuids }
}

function unknown(error: number) {
  return { kind: 'unknown', reason: `apple_error_${error}`, rowGuids }
}
