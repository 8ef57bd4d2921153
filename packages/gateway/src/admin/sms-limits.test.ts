/** Proves: limits of SMS are read from words, kept where they are not named, taken back by `none`, and refused in a sentence. */
import { expect, test } from 'vitest'
import { smsCountriesOf, smsLimitsText, smsPerHourOf } from './sms-limits.ts'
import { Refused } from './verb.ts'

test('a country is added, changed, taken back; the others stay', () => {
  expect(smsCountriesOf(undefined, { US: 5 })).toBeUndefined()
  expect(smsCountriesOf(['us=1000', '*=0'], {})).toEqual({ US: 1000, '*': 0 })
  expect(smsCountriesOf(['GB=7'], { US: 5, '*': 0 })).toEqual({ US: 5, GB: 7, '*': 0 })
  expect(smsCountriesOf(['US=none', '*=none', 'DE=none'], { US: 5, '*': 0 })).toEqual({})
  expect(smsPerHourOf(undefined)).toBeUndefined()
  expect(smsPerHourOf('0')).toBe(0)
})

test('for people', () => {
  expect(smsLimitsText({ smsPerHour: 200, smsCountries: {} })).toBe('200 an hour')
  expect(smsLimitsText({ smsPerHour: 200, smsCountries: { '*': 0 } })).toBe('200 an hour; of these to every country 0')
  expect(smsLimitsText({ smsPerHour: 2000, smsCountries: { GB: 0, US: 1000, '*': 5 } })).toBe(
    '2000 an hour; of these to GB 0, US 1000, every other country 5',
  )
})

test.for([
  ['US', '--sms-country is US, but it must be a country and a number, like US=1000.'],
  ['US=', '--sms-country is US=, but it must be a whole number up to 1000000, or none.'],
  ['US=-1', '--sms-country is US=-1, but it must be a whole number up to 1000000, or none.'],
  ['US=1000001', '--sms-country is US=1000001, but it must be a whole number up to 1000000, or none.'],
  ['=5', /no country/],
  ['UK=5', /^--sms-country is UK=5, but UK is no country: /],
  ['USA=5', /USA is no country/],
  ['__proto__=5', /no country/],
] as const)('%s is refused', ([pair, sentence]) => {
  expect(() => smsCountriesOf([pair], {})).toThrow(Refused)
  expect(() => smsCountriesOf([pair], {})).toThrow(sentence)
})

test('neither twice, nor what is no number', () => {
  expect(() => smsCountriesOf(['US=1', 'us=2'], {})).toThrow('--sms-country names US twice.')
  expect(() => smsPerHourOf('2e2')).toThrow('--sms-per-hour is 2e2, but it must be a whole number up to 1000000.')
})
