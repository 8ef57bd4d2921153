/** Proves: a number has its own country, an unassigned one that of its calling code, and a code that is no country's has none. */
import { expect, test } from 'vitest'
import { countryOf } from './country-of.ts'

test.each([
  ['+14155552671', 'US'],
  ['+1234567890', 'US'],
  ['+15005550111', 'US'],
  ['+16475551234', 'CA'],
  ['+442079460958', 'GB'],
  ['+6592345678', 'SG'],
  ['+77012345678', 'KZ'],
  ['+99912345678', null],
  ['+88312345678', null],
])('%s → %s', (number, country) => {
  expect(countryOf(number)).toBe(country)
})
