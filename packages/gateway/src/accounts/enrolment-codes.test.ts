/**
 * Enrolment codes.
 * Proves: a code is short, has no letter that is misread, and is found again however somebody types it; anything else is no code.
 */
import { expect, test } from 'vitest'
import { enrolmentCodeHash, newEnrolmentCode } from './enrolment-codes.ts'

test('codes are four groups of four, without I, L, O and U, and all different', () => {
  const codes = Array.from({ length: 500 }, newEnrolmentCode)
  for (const { code, hash } of codes) {
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/)
    expect(enrolmentCodeHash(code)).toBe(hash)
  }
  expect(new Set(codes.map(({ code }) => code)).size).toBe(codes.length)
})

test('how it is typed does not matter', () => {
  const expected = enrolmentCodeHash('0123-4567-89AB-1DEF')
  expect(expected).toMatch(/^[0-9a-f]{64}$/)
  for (const typed of ['0123456789AB1DEF', '0123-4567-89ab-1def', ' O123 4567 89AB LDEF\n', 'o1234567-89ABiDEF']) {
    expect(enrolmentCodeHash(typed)).toBe(expected)
  }
})

test.for(['', '0123', '0123-4567-89AB-1DEF-0', 'UUUU-UUUU-UUUU-UUUU', '0'.repeat(1_000_000), '0123-4567-89AB-1DÉF'])(
  'this is no code: %j',
  (typed) => {
    expect(enrolmentCodeHash(typed)).toBeNull()
  },
)
