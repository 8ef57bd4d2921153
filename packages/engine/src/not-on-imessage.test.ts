/** Proves: a refusal is remembered only when the account is proven to work, and after three in a row it is believed only then. */
import { expect, test } from 'vitest'
import { isRemembered, PROVEN_MS, REMEMBERED_MS, verdictOnRefusal } from './not-on-imessage.ts'

const NOW = 1_000_000_000

test.each([
  [1, null, { believed: true, remember: false }],
  [3, null, { believed: true, remember: false }],
  [4, null, { believed: false, remember: false }],
  [1, NOW, { believed: true, remember: true }],
  [4, NOW - PROVEN_MS, { believed: true, remember: true }],
  [3, NOW - PROVEN_MS - 1, { believed: true, remember: false }],
  [4, NOW - PROVEN_MS - 1, { believed: false, remember: false }],
])('%i in a row, last sent to another at %s', (inARow, sentAtMs, verdict) => {
  expect(verdictOnRefusal(inARow, sentAtMs, NOW)).toEqual(verdict)
})

test('it is remembered for a day', () => {
  expect(isRemembered(null, NOW)).toBe(false)
  expect(isRemembered(NOW, NOW + REMEMBERED_MS - 1)).toBe(true)
  expect(isRemembered(NOW, NOW + REMEMBERED_MS)).toBe(false)
})
